"""Required fields, declarative conditions, and what mapping left open."""

from collections.abc import Iterable, Sequence

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.rules.conditions import (
    Condition,
    mentions_lines,
    read_condition,
    read_field,
)
from functions.billing.domain.rules.facts import ScrubFacts
from functions.billing.domain.rules.fields import (
    FIELDS,
    LINE_PREFIX,
    ReadField,
    is_blank,
    parent_reader_of,
    path_of,
    places,
    reader_of,
)
from functions.billing.domain.rules.kinds.check import Check, Finding
from functions.billing.domain.rules.reading import Reader


def required_fields(parameters: Reader) -> Check:
    """`fields` must be filled, `when` a condition holds (always, if there is none).

    A field whose parent is absent is left to the rule about the parent: a claim without a patient
    is one finding, not five.
    """
    fields = parameters.texts("fields")
    for field in fields:
        if field not in FIELDS:
            raise parameters.error("fields", "names a field rules may not name")
    when, when_by_line = _condition(parameters, "when")
    by_line = when_by_line or any(field.startswith(LINE_PREFIX) for field in fields)
    readers = [(field, reader_of(field), parent_reader_of(field)) for field in fields]
    if when is None and not by_line:
        return _always_required(readers)

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, line in places(claim, by_line=by_line):
            if when is not None and not when(claim, line):
                continue
            for field, read, read_parent in readers:
                if is_blank(read(claim, line)) and (
                    read_parent is None or read_parent(claim, line) is not None
                ):
                    yield Finding(path_of(field, position), "a value")

    return check


def _always_required(
    readers: Sequence[tuple[str, ReadField, ReadField | None]],
) -> Check:
    """The same for fields every claim must have, which is what most rules of the kind are about."""

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        blank = [
            (field, read_parent)
            for field, read, read_parent in readers
            if is_blank(read(claim, None))
        ]
        return [
            Finding(field, "a value")
            for field, read_parent in blank
            if read_parent is None or read_parent(claim, None) is not None
        ]

    return check


def condition(parameters: Reader) -> Check:
    """Where `when` holds, `require` must hold too; `field` is what to correct.

    The edits that one payer or one practice wants are written with this kind, as data.
    """
    field = read_field(parameters)
    expected = parameters.text("expected", "")
    when, when_by_line = _condition(parameters, "when")
    require, require_by_line = _condition(parameters, "require")
    if require is None:
        raise parameters.error("require", "is missing")
    by_line = when_by_line or require_by_line or field.startswith(LINE_PREFIX)

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, line in places(claim, by_line=by_line):
            if (when is None or when(claim, line)) and not require(claim, line):
                yield Finding(path_of(field, position), expected)

    return check


def expression(parameters: Reader) -> Check:
    """`expression`, written in CEL, must be true; `field` is what to correct.

    It sees the fields rules may name, all `lines`, and the patient's age; one that names a field of
    `line` is asked for each line. One that can't be decided on a claim counts as broken there.
    """
    field = read_field(parameters)
    expected = parameters.text("expected")
    holds, names_lines = parameters.expression("expression")
    by_line = names_lines or field.startswith(LINE_PREFIX)

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, line in places(claim, by_line=by_line):
            if not holds(claim, line):
                yield Finding(path_of(field, position), expected)

    return check


def unmapped_codes(parameters: Reader) -> Check:
    """Codes of the EHR that a mapping table does not know: `tables`, or all but `except_tables`."""
    tables = parameters.texts("tables", ())
    others = parameters.texts("except_tables", ())

    def check(_: ClaimContent, facts: ScrubFacts) -> Iterable[Finding]:
        for code in facts.unmapped:
            if _selected(code.table, tables, others):
                yield Finding(
                    code.where or code.table, f"an entry in the mapping table {code.table}"
                )

    return check


def missing_facts(parameters: Reader) -> Check:
    """Facts the document should hold and does not.

    Concerned are those whose path begins with one of `paths`, or with none of `except_paths`.
    """
    paths = parameters.texts("paths", ())
    others = parameters.texts("except_paths", ())

    def check(_: ClaimContent, facts: ScrubFacts) -> Iterable[Finding]:
        for problem in facts.problems:
            if _selected(problem.path, paths, others):
                yield Finding(problem.path, problem.expected)

    return check


def _selected(name: str, wanted: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether a name begins with one of `wanted`, or, without any, with none of `others`."""
    if wanted:
        return name.lower().startswith(wanted)
    return not name.lower().startswith(others)


def _condition(parameters: Reader, name: str) -> tuple[Condition | None, bool]:
    if not parameters.has(name):
        return None, False
    by_line = mentions_lines(parameters.value(name))
    return read_condition(parameters.child(name)), by_line
