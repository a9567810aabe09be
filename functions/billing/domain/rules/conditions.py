"""Conditions as data: field, operation and value, combined with all, any and not.

Nothing is evaluated as code, no regular expression comes from data, and size and depth are bounded,
so judging a claim always ends soon.
"""

import operator
from collections.abc import Callable, Mapping
from datetime import date

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.records import Charge
from functions.billing.domain.rules.fields import FIELDS, LINE_PREFIX, is_blank, reader_of
from functions.billing.domain.rules.reading import Reader

Condition = Callable[[ClaimContent, Charge | None], bool]
"""Whether it holds of a claim, or of one of its lines."""

DEPTH_LIMIT = 6
NODE_LIMIT = 100


def read_condition(reader: Reader, *, depth: int = 1) -> Condition:
    """Compile one condition.

    `{"field", "op", "value"}` tests a field; `{"all": […]}`, `{"any": […]}` and `{"not": {…}}`
    combine. A field that is absent fails every test but `missing`. A field with several values (the
    modifiers of a line) passes when one of them does.

    Raises
    ------
    RuleSetError
        If a field or operation is unknown, the value does not fit, or the condition is too large.
    """
    if depth > DEPTH_LIMIT:
        raise reader.error("", f"conditions may nest at most {DEPTH_LIMIT} deep")
    for name, combine in (("all", _all), ("any", _any)):
        if reader.has(name):
            parts = reader.children(name)
            if not 1 <= len(parts) <= NODE_LIMIT:
                raise reader.error(name, f"expected 1 to {NODE_LIMIT} conditions")
            reader.finish()
            return combine(tuple(read_condition(part, depth=depth + 1) for part in parts))
    if reader.has("not"):
        inner = read_condition(reader.child("not"), depth=depth + 1)
        reader.finish()
        return lambda claim, line: not inner(claim, line)
    return _test(reader)


def mentions_lines(content: object) -> bool:
    """Whether a condition's data names a field of service lines, so that it is read per line."""
    if isinstance(content, Mapping):
        return any(
            (name == "field" and isinstance(value, str) and value.startswith(LINE_PREFIX))
            or mentions_lines(value)
            for name, value in content.items()
        )
    return isinstance(content, list | tuple) and any(mentions_lines(part) for part in content)


def read_field(reader: Reader, name: str = "field") -> str:
    """A field name a rule may use."""
    field = reader.text(name)
    if field not in FIELDS:
        raise reader.error(name, "is not a field rules may name")
    return field


def has_shape(text: str, shape: str) -> bool:
    """Whether text fits a shape: `#` a digit, `@` a letter, `*` either, anything else itself."""
    return len(text) == len(shape) and all(map(_fits, text, shape))


def _fits(character: str, mask: str) -> bool:
    if not character.isascii():
        return False
    match mask:
        case "#":
            return character.isdigit()
        case "@":
            return character.isalpha()
        case "*":
            return character.isalnum()
        case _:
            return character == mask


def _all(parts: tuple[Condition, ...]) -> Condition:
    return lambda claim, line: all(part(claim, line) for part in parts)


def _any(parts: tuple[Condition, ...]) -> Condition:
    return lambda claim, line: any(part(claim, line) for part in parts)


def _test(reader: Reader) -> Condition:
    read = reader_of(read_field(reader))
    op = reader.text("op")
    if op in {"exists", "missing"}:
        reader.finish()
        wanted_blank = op == "missing"
        return lambda claim, line: is_blank(read(claim, line)) is wanted_blank
    if op not in _OPERATIONS:
        known = ", ".join(("exists", "missing", *_OPERATIONS))
        raise reader.error("op", f"expected one of {known}")
    passes = _OPERATIONS[op](reader)
    reader.finish()

    def holds(claim: ClaimContent, line: Charge | None) -> bool:
        value = read(claim, line)
        if isinstance(value, tuple):
            return any(map(passes, value))
        return value is not None and not is_blank(value) and passes(value)

    return holds


_Test = Callable[[str | int | date], bool]


def _equals(reader: Reader) -> _Test:
    wanted = reader.value("value")
    if not isinstance(wanted, str | int):
        raise reader.error("value", "expected text, a whole number, true or false")
    return lambda item: item == wanted


def _in(reader: Reader) -> _Test:
    wanted = frozenset(reader.texts("value"))
    return lambda item: str(item) in wanted


def _starts_with(reader: Reader) -> _Test:
    wanted = reader.texts("value")
    return lambda item: str(item).startswith(wanted)


def _has_shape(reader: Reader) -> _Test:
    shape = reader.text("value")
    return lambda item: has_shape(str(item), shape)


def _longer_than(reader: Reader) -> _Test:
    limit = reader.integer("value")
    return lambda item: len(str(item)) > limit


def _compared(compare: Callable[[int | date, int | date], bool]) -> Callable[[Reader], _Test]:
    def read(reader: Reader) -> _Test:
        value = reader.value("value")
        if isinstance(value, int) and not isinstance(value, bool):
            number = value
            return lambda item: isinstance(item, int) and compare(item, number)
        bound = reader.day("value")
        if bound is None:
            raise reader.error("value", "expected a whole number or a date")
        return lambda item: isinstance(item, date) and compare(item, bound)

    return read


_OPERATIONS: Mapping[str, Callable[[Reader], _Test]] = {
    "equals": _equals,
    "in": _in,
    "starts_with": _starts_with,
    "has_shape": _has_shape,
    "longer_than": _longer_than,
    "at_least": _compared(operator.ge),
    "at_most": _compared(operator.le),
}
