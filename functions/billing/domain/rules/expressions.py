"""Expressions in CEL, the language for edits that one payer or one practice wants.

CEL (github.com/cel-expr) has no loops but over lists it is given, no assignment and no way out: an expression sees
the fields named in `fields` and nothing else. It is checked for types when the rule set is read, compiled once for
each version, and judging it is bounded by the engine in steps, depth and the time of its patterns.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.records import Charge
from functions.billing.domain.rules.fields import FIELDS, LINE_FIELDS, LINE_PREFIX, reader_of

Holds = Callable[[ClaimContent, Charge | None], bool | None]
"""Whether an expression holds; None when it can't be decided (a division by zero, a place that is not there)."""

LINES = "lines"
"""All service lines, for expressions that compare them: `lines.exists(one, one.procedure == '20610')`."""

NUMBERS = frozenset(("total_charge_cents", "patient.age_years", "line.charge_cents", "line.units"))
FLAGS = frozenset(("billing_provider.is_person", "rendering_provider.is_person"))
TEXT_LISTS = frozenset(("diagnoses", "line.modifiers", "line.diagnoses"))
NUMBER_LISTS = frozenset(("line.diagnosis_pointers",))

_QUOTED = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
_NAME = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*")


class ExpressionError(ValueError):
    """The engine refuses an expression; the message says where and why."""


class Expressions:
    """The expressions of one rule set. A claim's fields are handed to the engine once for all of them."""

    def __init__(self) -> None:
        # Loaded by those only whose rule set holds expressions.
        from cel_expr_python import cel  # noqa: PLC0415

        kinds = cel.Type
        of_line = kinds.Map(kinds.STRING, kinds.DYN)
        types = dict.fromkeys(FIELDS, kinds.STRING) | {
            **dict.fromkeys(NUMBERS, kinds.INT),
            **dict.fromkeys(FLAGS, kinds.BOOL),
            **dict.fromkeys(TEXT_LISTS, kinds.List(kinds.STRING)),
            **dict.fromkeys(NUMBER_LISTS, kinds.List(kinds.INT)),
            LINES: kinds.List(of_line),
        }
        self._engine = cel.NewEnv(variables=types)
        self._bool = kinds.BOOL
        self._claim: ClaimContent | None = None
        self._given: dict[tuple[int, frozenset[str]], Any] = {}

    def compile(self, text: str) -> tuple[Holds, bool]:
        """The expression, and whether it is about single lines.

        Raises
        ------
        ExpressionError
            If it can't be read, names something else than a field, mixes types, or is no condition.
        """
        try:
            expression = self._engine.compile(text)
        except RuntimeError as refusal:
            raise ExpressionError(_first_line(refusal)) from None
        if expression.return_type() != self._bool:
            raise ExpressionError("is no condition: it must be true or false")
        named = _fields_in(text)
        by_line = any(name.startswith(LINE_PREFIX) for name in named)

        def holds(claim: ClaimContent, line: Charge | None) -> bool | None:
            try:
                answer = expression.eval(self._fields_of(claim, line, named)).value()
            except RuntimeError:  # the engine's limit on steps or depth
                return None
            return answer if isinstance(answer, bool) else None

        return holds, by_line

    def _fields_of(self, claim: ClaimContent, line: Charge | None, named: frozenset[str]) -> Any:
        """What the engine is given of a claim: made once for all expressions that name the same fields.

        The rules of one claim are judged one after another, so only the last claim's are kept.
        """
        if claim is not self._claim:
            self._claim, self._given = claim, {}
        wanted = (id(line), named)
        given = self._given.get(wanted)
        if given is None:
            values = _values(claim, line, named)
            given = self._given[wanted] = self._engine.Activation(values)
        return given


def _fields_in(text: str) -> frozenset[str]:
    """The fields an expression names. One that a text within it happens to spell is only read in vain."""
    found: set[str] = set()
    for word in _NAME.findall(_QUOTED.sub("''", text)):
        # A method may follow the field's name: line.procedure.startsWith('99').
        parts = word.split(".")
        candidates = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
        found |= {name for name in candidates if name in FIELDS or name == LINES}
    return frozenset(found)


def _values(claim: ClaimContent, line: Charge | None, named: Iterable[str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name in named:
        if name == LINES:
            values[name] = [
                {
                    field.removeprefix(LINE_PREFIX): _plain(field, claim, each)
                    for field in LINE_FIELDS
                }
                for each in claim.lines
            ]
        else:
            values[name] = _plain(name, claim, line)
    return values


def _plain(name: str, claim: ClaimContent, line: Charge | None) -> object:
    """The field as the engine takes it: dates as 2026-01-31, what is absent as empty, zero or false."""
    value = _READERS[name](claim, line)
    if value is None:
        return _absent(name)
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if isinstance(value, date) else value


def _absent(name: str) -> object:
    if name in NUMBERS:
        return 0
    if name in FLAGS:
        return False
    return [] if name in TEXT_LISTS | NUMBER_LISTS else ""


def _first_line(refusal: RuntimeError) -> str:
    """Such as `1:12: undeclared reference to 'nope'`."""
    text = str(refusal).partition("<input>:")[2] or str(refusal)
    return text.splitlines()[0].strip()


_READERS: Mapping[str, Callable[[ClaimContent, Charge | None], Any]] = {
    name: reader_of(name) for name in FIELDS
}
