"""The fields a rule may name, and nothing else.

A name is a dotted path into `ClaimContent`; names that begin with `line.` are read once per service
line. A rule set is data from outside, so it reaches only what stands in these lists.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.records import Charge

Value = str | int | date | tuple[str, ...] | tuple[int, ...] | None

LINE_PREFIX = "line."

_PERSON = ("name.family", "name.given", "birth_date", "sex")
_ADDRESS = ("address", "address.line1", "address.city", "address.state", "address.postal_code")
_PROVIDER = ("npi", "family", "given", "taxonomy", "tax_id", "is_person", *_ADDRESS)
_COVERAGE = ("member_id", "group_number", "plan_name", "relationship", "starts_on", "ends_on")


def _under(parent: str, names: Iterable[str]) -> tuple[str, ...]:
    return (parent, *(f"{parent}.{name}" for name in names))


CLAIM_FIELDS = frozenset(
    (
        *_under("patient", (*_PERSON, *_ADDRESS)),
        *_under("coverage", (*_COVERAGE, "payer", "payer.payer_id", "payer.kind")),
        *_under("coverage.subscriber", (*_PERSON, *_ADDRESS)),
        *_under("billing_provider", _PROVIDER),
        *_under("rendering_provider", _PROVIDER),
        *_under("location", ("location_id", "place_of_service", "department", "npi", *_ADDRESS)),
        "patient_control_number",
        "frequency",
        "original_reference",
        "service_line",
        "diagnoses",
        "total_charge_cents",
        "service_from",
        "service_to",
        "signed_on",
    )
)


def pointed_diagnoses(claim: ClaimContent, line: Charge) -> tuple[str, ...]:
    """The diagnoses a line points to; pointers to absent positions are left to their own rule."""
    return tuple(
        claim.diagnoses[pointer - 1]
        for pointer in line.diagnosis_pointers
        if 1 <= pointer <= len(claim.diagnoses)
    )


_LINE_READERS: Mapping[str, Callable[[ClaimContent, Charge], Value]] = {
    "line_id": lambda _, line: line.line_id,
    "procedure": lambda _, line: line.procedure,
    "charge_cents": lambda _, line: line.charge_cents,
    "units": lambda _, line: line.units,
    "service_date": lambda _, line: line.service_date,
    "modifiers": lambda _, line: line.modifiers,
    "diagnosis_pointers": lambda _, line: line.diagnosis_pointers,
    "diagnoses": pointed_diagnoses,
    # The place that counts for the line, its own or the location's.
    "place_of_service": lambda claim, line: claim.place_of(line),
    "revenue_code": lambda _, line: line.revenue_code,
    "ndc": lambda _, line: line.ndc,
}

LINE_FIELDS = frozenset(f"{LINE_PREFIX}{name}" for name in _LINE_READERS)
FIELDS = CLAIM_FIELDS | LINE_FIELDS


@dataclass(frozen=True, slots=True)
class Scope:
    """What a rule looks at: the claim, and one of its lines when the rule is about lines."""

    claim: ClaimContent
    line: Charge | None = None
    position: int = 0


def scopes(claim: ClaimContent, *, by_line: bool) -> tuple[Scope, ...]:
    """The claim as one scope, or one scope per line."""
    if not by_line:
        return (Scope(claim),)
    return tuple(Scope(claim, line, position) for position, line in enumerate(claim.lines))


def value_of(scope: Scope, name: str) -> Value:
    """The field's value, None when it or something on the way to it is absent."""
    if name.startswith(LINE_PREFIX):
        if scope.line is None:
            return None
        return _LINE_READERS[name.removeprefix(LINE_PREFIX)](scope.claim, scope.line)
    value: object = scope.claim
    for part in name.split("."):
        if value is None:
            return None
        value = getattr(value, part)
    return _simple(value)


def path_of(scope: Scope, name: str) -> str:
    """Where a person finds the field: `lines[2].units`, counted from zero."""
    if name.startswith(LINE_PREFIX):
        return f"lines[{scope.position}].{name.removeprefix(LINE_PREFIX)}"
    return name


def parent_is_absent(scope: Scope, name: str) -> bool:
    """Whether the field cannot be filled because what holds it is absent altogether."""
    if name.startswith(LINE_PREFIX) or "." not in name:
        return False
    return value_of(scope, name.rpartition(".")[0]) is None


def is_blank(value: Value) -> bool:
    """Absent, or text of nothing but spaces, or an empty list."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value == ()


def _simple(value: object) -> Value:
    if value is None or isinstance(value, str | int | date):
        return value
    if isinstance(value, tuple):
        return tuple(str(item) for item in value)
    # Something is there, and rules may only ask whether it is.
    return "present"
