"""Repairs of form: what a claim says is written as the wire wants it, and means the same as before.

They concern registration and credentialing only (names, addresses, identifiers). Clinical content, which is
diagnoses, procedures, modifiers, units, charges, dates and pointers, is never touched: a person decides there.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.records import Address, Coverage, Location, Patient, Provider

R = TypeVar("R")
Form = Callable[[str], str]


class RepairKind(StrEnum):
    """What a repair changed."""

    SPACES = "spaces"
    CASE = "case"
    PUNCTUATION = "punctuation"


@dataclass(frozen=True, slots=True)
class Repair:
    """One field that was written in another form: where, and what changed. Never its value."""

    field_path: str
    kind: RepairKind


@dataclass(frozen=True, slots=True)
class Repaired:
    """A claim in its final form, and all that was changed to bring it there."""

    content: ClaimContent
    repairs: tuple[Repair, ...]


def repaired(content: ClaimContent) -> Repaired:
    """The claim with every repair its form needs; repairing it again changes nothing."""
    notes: list[Repair] = []
    tidied = replace(
        content,
        patient=_patient(content.patient, "patient", notes),
        coverage=_coverage(content.coverage, "coverage", notes),
        other_coverages=tuple(
            _coverage(cover, f"other_coverages[{place}]", notes)
            for place, cover in enumerate(content.other_coverages)
        ),
        billing_provider=_provider(content.billing_provider, "billing_provider", notes),
        rendering_provider=_provider(content.rendering_provider, "rendering_provider", notes),
        location=_location(content.location, notes),
        authorizations=tuple(
            _tidied(one, {"number": _spaced}, f"authorizations[{place}]", notes)
            for place, one in enumerate(content.authorizations)
        ),
    )
    return Repaired(tidied, tuple(notes))


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _unspaced(text: str) -> str:
    return "".join(text.split())


def _capitals(text: str) -> str:
    return _unspaced(text).upper()


def _unpunctuated(text: str) -> str:
    return re.sub(r"[\s.\-/()]", "", text)


_NAME: Mapping[str, Form] = {"family": _spaced, "given": _spaced, "middle": _spaced}
_ADDRESS: Mapping[str, Form] = {
    "line1": _spaced,
    "line2": _spaced,
    "city": _spaced,
    "state": _capitals,
    "postal_code": _unpunctuated,
}
# A hyphen may belong to a member's number: what is taken out there is space alone.
_COVERAGE: Mapping[str, Form] = {"member_id": _unspaced, "group_number": _spaced}
_PROVIDER: Mapping[str, Form] = {
    "family": _spaced,
    "given": _spaced,
    "npi": _unpunctuated,
    "taxonomy": _capitals,
    "tax_id": _unpunctuated,
}


def _patient(patient: Patient | None, path: str, notes: list[Repair]) -> Patient | None:
    if patient is None:
        return None
    return replace(
        patient,
        name=_tidied(patient.name, _NAME, f"{path}.name", notes),
        address=_tidied(patient.address, _ADDRESS, f"{path}.address", notes),
    )


C = TypeVar("C", Coverage, Coverage | None)


def _coverage(coverage: C, path: str, notes: list[Repair]) -> C:
    if coverage is None:
        return coverage
    tidied = _tidied(coverage, _COVERAGE, path, notes)
    return replace(tidied, subscriber=_patient(tidied.subscriber, f"{path}.subscriber", notes))


def _provider(provider: Provider | None, path: str, notes: list[Repair]) -> Provider | None:
    if provider is None:
        return None
    tidied = _tidied(provider, _PROVIDER, path, notes)
    return replace(tidied, address=_address(tidied.address, path, notes))


def _location(location: Location | None, notes: list[Repair]) -> Location | None:
    if location is None:
        return None
    tidied = _tidied(location, {"npi": _unpunctuated}, "location", notes)
    return replace(tidied, address=_address(tidied.address, "location", notes))


def _address(address: Address | None, path: str, notes: list[Repair]) -> Address | None:
    return _tidied(address, _ADDRESS, f"{path}.address", notes) if address else None


def _tidied(record: R, forms: Mapping[str, Form], path: str, notes: list[Repair]) -> R:
    changes: dict[str, Any] = {}
    for name, form in forms.items():
        before = getattr(record, name)
        after = form(before)
        if after != before:
            changes[name] = after
            notes += [Repair(f"{path}.{name}", kind) for kind in _kinds(before, after)]
    return replace(record, **changes) if changes else record  # type: ignore[type-var]


def _kinds(before: str, after: str) -> Iterable[RepairKind]:
    """What differs, told by what makes the two equal."""
    if _unspaced(before) == _unspaced(after):
        return (RepairKind.SPACES,)
    if before.upper() == after.upper():
        return (RepairKind.CASE,)
    if _capitals(before) == _capitals(after):
        return (RepairKind.SPACES, RepairKind.CASE)
    return (RepairKind.PUNCTUATION,)
