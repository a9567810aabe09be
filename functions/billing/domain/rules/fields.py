"""The fields a rule may name, and nothing else.

A name is a dotted path into `ClaimContent`; names that begin with `line.` are read once per service
line. A rule set is data from outside, so it reaches only what stands in these lists.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from operator import attrgetter
from typing import Any

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.records import Charge

Value = str | int | date | tuple[str, ...] | tuple[int, ...] | None

LINE_PREFIX = "line."

_PERSON = ("name.family", "name.given", "birth_date", "sex")
_ADDRESS = ("address", "address.line1", "address.city", "address.state", "address.postal_code")
_PROVIDER = ("npi", "family", "given", "taxonomy", "tax_id", "is_person", *_ADDRESS)
_STAY = ("facility_code", "patient_status", "admission_type", "admission_source", "admitted_on")
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
        *_under("stay", _STAY),
        "patient_control_number",
        "frequency",
        "original_reference",
        "service_line",
        "diagnoses",
        "total_charge_cents",
        "service_from",
        "service_to",
        "signed_on",
        "patient.age_years",
    )
)


_DERIVED: Mapping[str, Callable[[ClaimContent], Value]] = {
    "patient.age_years": lambda claim: (
        full_years(claim.patient.birth_date, claim.service_from) if claim.patient else None
    ),
}


def full_years(born: date, day: date) -> int:
    """How old someone is on a day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


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
    "drug_quantity": lambda _, line: line.drug_quantity,
    "drug_unit": lambda _, line: line.drug_unit,
}

LINE_FIELDS = frozenset(f"{LINE_PREFIX}{name}" for name in _LINE_READERS)
FIELDS = CLAIM_FIELDS | LINE_FIELDS


ReadField = Callable[[ClaimContent, Any], Value]
"""Gives a field of a claim, or of one of its lines."""


def reader_of(name: str) -> ReadField:
    """How a field is read, None where it or something on the way to it is absent.

    A field of lines is read of a line only: rules that name one are asked for each line.
    """
    if name.startswith(LINE_PREFIX):
        return _LINE_READERS[name.removeprefix(LINE_PREFIX)]
    if name in _DERIVED:
        derived = _DERIVED[name]
        return lambda claim, _: derived(claim)
    of_claim = attrgetter(name)

    def read(claim: ClaimContent, _: Charge | None) -> Value:
        try:
            return _simple(of_claim(claim))
        except AttributeError:  # what holds the field is None
            return None

    return read


def parent_reader_of(name: str) -> ReadField | None:
    """How what holds the field is read; None for fields of lines and of the claim itself."""
    if name.startswith(LINE_PREFIX) or "." not in name:
        return None
    return reader_of(name.rpartition(".")[0])


def places(claim: ClaimContent, *, by_line: bool) -> Iterable[tuple[int, Charge | None]]:
    """Where a rule looks: at the claim once, or at each line with its position."""
    return enumerate(claim.lines) if by_line else _WHOLE_CLAIM


def path_of(name: str, position: int) -> str:
    """Where a person finds the field: `lines[2].units`, counted from zero."""
    if name.startswith(LINE_PREFIX):
        return f"lines[{position}].{name.removeprefix(LINE_PREFIX)}"
    return name


def path_in_words(name: str) -> str:
    """The path of a field wherever it stands: `lines[].units`."""
    if name.startswith(LINE_PREFIX):
        return f"lines[].{name.removeprefix(LINE_PREFIX)}"
    return name


def is_blank(value: Value) -> bool:
    """Absent, or text of nothing but spaces, or an empty list."""
    if isinstance(value, str):
        return not value or value.isspace()
    return value is None or value == ()


_WHOLE_CLAIM: tuple[tuple[int, Charge | None], ...] = ((0, None),)
_SIMPLE = (str, int, date)


def _simple(value: object) -> Value:
    if value is None or isinstance(value, _SIMPLE):
        return value
    if isinstance(value, tuple):
        return tuple(map(str, value))
    # Something is there, and rules may only ask whether it is.
    return "present"
