"""Mapping tables: from the EHR's own codes to the canonical model, as versioned data.

Keys are written `system|code`; a code without a system is written `|code`. A resource without a
usable identifier is found by `Location|<id>`, `Practitioner|<id>` or `Organization|<id>`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.records import Address, Payer, PayerKind
from functions.billing.domain.rules.kinds.identifiers import npi_is_valid
from functions.billing.domain.rules.reading import Reader, content_version

T = TypeVar("T")

FORMAT = 1

_PROCEDURE = re.compile(r"[0-9A-Z][0-9]{3}[0-9A-Z]", re.ASCII)
_DIAGNOSIS = re.compile(r"[A-Z][0-9][0-9A-Z]{1,5}", re.ASCII)
_MODIFIER = re.compile(r"[0-9A-Z]{2}", re.ASCII)
_TWO_DIGITS = re.compile(r"[0-9]{2}", re.ASCII)
_PLACE_OF_SERVICE = re.compile(r"[0-9]{2}", re.ASCII)
_REVENUE_CODE = re.compile(r"[0-9]{4}", re.ASCII)
_TAXONOMY = re.compile(r"[0-9A-Z]{9}X", re.ASCII)
_TAX_ID = re.compile(r"[0-9]{9}", re.ASCII)
_POSTAL_CODE = re.compile(r"[0-9]{5}([0-9]{4})?", re.ASCII)
_STATE = re.compile(r"[A-Z]{2}", re.ASCII)

AGE_YEARS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedProcedure:
    """What a local service is billed as, for patients of the given ages on the date of service.

    `charge_cents` is the price of one unit. With `not_billed` it is no service of its own, and the
    text says why.
    """

    procedure: str = ""
    modifiers: tuple[str, ...] = ()
    charge_cents: int = 0
    service_line: str = ""
    revenue_code: str = ""
    not_billed: str = ""
    from_age_years: int = 0
    to_age_years: int = AGE_YEARS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedDiagnosis:
    """The ICD-10-CM code, without the dot, of a local condition; or why it is not coded."""

    diagnosis: str = ""
    not_coded: str = ""
    from_age_years: int = 0
    to_age_years: int = AGE_YEARS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedVaccine:
    """A vaccine product (CVX) as billed. Its administration is in `VaccineAdministration`."""

    procedure: str
    charge_cents: int
    diagnosis: str
    service_line: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VaccineAdministration:
    """How giving vaccines is billed: the first of a visit, and each further one."""

    first_procedure: str
    first_charge_cents: int
    further_procedure: str
    further_charge_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedLocation:
    """A local location in the payer's terms.

    An empty `place_of_service` or an `is_institutional` of None leaves it to the visit's class: a
    hospital has an emergency room, beds and clinics.
    """

    location_id: str
    name: str
    place_of_service: str = ""
    department: str = ""
    npi: str = ""
    is_institutional: bool | None = None
    address: Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedClass:
    """What an encounter class means where the document names no location.

    `facility_code` begins the type of bill of its institutional claims; `patient_status` is how they end
    where the document does not say.
    """

    place_of_service: str
    is_institutional: bool
    facility_code: str = ""
    patient_status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedProvider:
    """A local provider in the payer's terms. Empty names and address: the document's are used."""

    provider_id: str
    npi: str
    taxonomy: str = ""
    tax_id: str = ""
    family: str = ""
    given: str = ""
    address: Address | None = None


class _AgeBand(Protocol):
    @property
    def from_age_years(self) -> int: ...
    @property
    def to_age_years(self) -> int: ...


Band = TypeVar("Band", bound=_AgeBand)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingTables:
    """All mapping tables, as one version.

    `version` is `sha256:` and the digest of the content's canonical JSON, so every record can
    remember exactly which tables made it.
    """

    version: str
    payers: Mapping[str, Payer] = field(repr=False)
    payer_codes: Mapping[str, str] = field(repr=False)
    coverage_texts: Mapping[str, tuple[str, ...]] = field(repr=False)
    members: Mapping[str, str] = field(repr=False)
    locations: Mapping[str, MappedLocation] = field(repr=False)
    encounter_classes: Mapping[str, MappedClass] = field(repr=False)
    providers: Mapping[str, MappedProvider] = field(repr=False)
    service_lines: Mapping[str, str] = field(repr=False)
    procedures: Mapping[str, tuple[MappedProcedure, ...]] = field(repr=False)
    diagnoses: Mapping[str, tuple[MappedDiagnosis, ...]] = field(repr=False)
    vaccines: Mapping[str, MappedVaccine] = field(repr=False)
    vaccine_administration: VaccineAdministration | None = None

    def payers_of_text(self, wording: str) -> tuple[Payer, ...]:
        """The payers a coverage's wording stands for, in order of payment; none if unknown."""
        payer_ids = self.coverage_texts.get(wording.casefold(), ())
        return tuple(self.payers[payer_id] for payer_id in payer_ids)

    def payer_of_code(self, key: str) -> Payer | None:
        """The payer behind a local payer code."""
        payer_id = self.payer_codes.get(key)
        return self.payers[payer_id] if payer_id else None

    def member_id(self, patient_id: str, payer_id: str) -> str:
        """The member id kept outside the EHR for this patient and payer, or an empty string."""
        return self.members.get(f"{patient_id}|{payer_id}", "")


def table_key(system: str, code: str) -> str:
    """How a table names a code."""
    return f"{system}|{code}"


def for_age(rows: Iterable[Band], age_years: int | None) -> Band | None:
    """The row for an age. When the age is unknown, only a row for every age will do."""
    for row in rows:
        if age_years is None:
            if row.from_age_years == 0 and row.to_age_years == AGE_YEARS_MAX:
                return row
        elif row.from_age_years <= age_years <= row.to_age_years:
            return row
    return None


def mapping_tables(content: Mapping[str, Any]) -> MappingTables:
    """Check mapping content and make it usable.

    Parameters
    ----------
    content
        The parsed JSON; `rulesets/mappings/mapping.schema.json` describes it.

    Raises
    ------
    RuleSetError
        Naming the table, the row, the field and what was expected.
    """
    reader = Reader(content, subject="mapping")
    if reader.integer("format", minimum=1) != FORMAT:
        raise reader.error("format", f"expected {FORMAT}")
    reader.text("$schema", "")
    for described in ("name", "notice"):
        reader.text(described)
    payers = _table(reader, "payers", _payer)
    vaccines = _table(reader, "vaccines", _vaccine)
    administration = _administration(reader)
    if vaccines and administration is None:
        raise reader.error("vaccine_administration", "is missing although vaccines are mapped")
    tables = MappingTables(
        version=content_version(content),
        payers=payers,
        payer_codes=_words(reader, "payer_codes", allowed=payers),
        coverage_texts=_coverage_texts(reader, payers),
        members=_words(reader, "members"),
        locations=_table(reader, "locations", _location),
        encounter_classes=_table(reader, "encounter_classes", _encounter_class),
        providers=_table(reader, "providers", _provider),
        service_lines=_words(reader, "service_lines"),
        procedures=_banded(reader, "procedures", _procedure),
        diagnoses=_banded(reader, "diagnoses", _diagnosis),
        vaccines=vaccines,
        vaccine_administration=administration,
    )
    reader.finish()
    return tables


def _rows(reader: Reader, table: str) -> Mapping[str, object]:
    """A table's rows; an absent table is empty, because a small practice needs few."""
    if not reader.has(table):
        return {}
    value = reader.value(table)
    if not isinstance(value, Mapping) or not all(isinstance(key, str) and key for key in value):
        raise reader.error(table, "expected an object of rows named by their keys")
    return value


def _row_reader(table: str, key: str, row: object) -> Reader:
    return Reader(row, subject=f"mapping:{table}", path=f'row "{key}"')


def _table(reader: Reader, table: str, read: Callable[[Reader, str], T]) -> Mapping[str, T]:
    found: dict[str, T] = {}
    for key, row in _rows(reader, table).items():
        one = _row_reader(table, key, row)
        found[key] = read(one, key)
        one.finish()
    return MappingProxyType(found)


def _banded(
    reader: Reader, table: str, read: Callable[[Reader], Band]
) -> Mapping[str, tuple[Band, ...]]:
    found: dict[str, tuple[Band, ...]] = {}
    for key, rows in _rows(reader, table).items():
        if not isinstance(rows, list) or not rows:
            raise _refusal(table, key, "expected a list of at least one row")
        bands: list[Band] = []
        for position, row in enumerate(rows):
            one = Reader(row, subject=f"mapping:{table}", path=f'row "{key}"[{position}]')
            bands.append(read(one))
            one.finish()
        _refuse_overlap(table, key, bands)
        found[key] = tuple(bands)
    return MappingProxyType(found)


def _refuse_overlap(table: str, key: str, bands: Iterable[_AgeBand]) -> None:
    ordered = sorted(bands, key=lambda band: band.from_age_years)
    for band in ordered:
        if band.to_age_years < band.from_age_years:
            raise _refusal(table, key, "to_age_years: expected at least from_age_years")
    for younger, older in pairwise(ordered):
        if older.from_age_years <= younger.to_age_years:
            raise _refusal(table, key, "expected age bands that do not overlap")


def _refusal(table: str, key: str, expected: str) -> RuleSetError:
    return RuleSetError(
        "rule_set_malformed", subject=f"mapping:{table}", detail=f'row "{key}": {expected}'
    )


def _words(
    reader: Reader, table: str, *, allowed: Mapping[str, object] | None = None
) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for key, value in _rows(reader, table).items():
        if not isinstance(value, str) or not value:
            raise _refusal(table, key, "expected text that is not empty")
        if allowed is not None and value not in allowed:
            raise _refusal(table, key, "expected the id of a row of the table payers")
        found[key] = value
    return MappingProxyType(found)


def _coverage_texts(reader: Reader, payers: Mapping[str, Payer]) -> Mapping[str, tuple[str, ...]]:
    table = "coverage_texts"
    found: dict[str, tuple[str, ...]] = {}
    for key, value in _rows(reader, table).items():
        if not isinstance(value, list) or not value or not all(one in payers for one in value):
            raise _refusal(table, key, "expected a list of ids of rows of the table payers")
        if key.casefold() in found:
            raise _refusal(table, key, "expected wordings that differ in more than case")
        found[key.casefold()] = tuple(value)
    return MappingProxyType(found)


def _matching(
    reader: Reader, name: str, pattern: re.Pattern[str], expected: str, default: str | None
) -> str:
    value = reader.text(name, default)
    if value != default and not pattern.fullmatch(value):
        raise reader.error(name, f"expected {expected}")
    return value


def _procedure_code(reader: Reader, name: str = "procedure") -> str:
    return _matching(reader, name, _PROCEDURE, "a CPT or HCPCS code of five characters", None)


def _diagnosis_code(reader: Reader) -> str:
    return _matching(reader, "diagnosis", _DIAGNOSIS, "an ICD-10-CM code without the dot", None)


def _npi(reader: Reader, default: str | None) -> str:
    value = reader.text("npi", default)
    if value != default and not npi_is_valid(value):
        raise reader.error("npi", "expected a valid NPI of 10 digits")
    return value


def _ages(reader: Reader) -> tuple[int, int]:
    return (
        reader.integer("from_age_years", 0),
        reader.integer("to_age_years", AGE_YEARS_MAX),
    )


def _payer(reader: Reader, key: str) -> Payer:
    return Payer(payer_id=key, name=reader.text("name"), kind=reader.choice("kind", PayerKind))


def _procedure(reader: Reader) -> MappedProcedure:
    from_age_years, to_age_years = _ages(reader)
    if reader.has("not_billed"):
        return MappedProcedure(
            not_billed=reader.text("not_billed"),
            service_line=reader.text("service_line", ""),
            from_age_years=from_age_years,
            to_age_years=to_age_years,
        )
    modifiers = reader.texts("modifiers", ())
    if not all(_MODIFIER.fullmatch(modifier) for modifier in modifiers):
        raise reader.error("modifiers", "expected modifiers of two letters or digits")
    return MappedProcedure(
        procedure=_procedure_code(reader),
        modifiers=modifiers,
        charge_cents=reader.integer("charge_cents", minimum=1),
        service_line=reader.text("service_line", ""),
        revenue_code=_matching(reader, "revenue_code", _REVENUE_CODE, "four digits", ""),
        from_age_years=from_age_years,
        to_age_years=to_age_years,
    )


def _diagnosis(reader: Reader) -> MappedDiagnosis:
    from_age_years, to_age_years = _ages(reader)
    not_coded = reader.text("not_coded", "")
    return MappedDiagnosis(
        diagnosis="" if not_coded else _diagnosis_code(reader),
        not_coded=not_coded,
        from_age_years=from_age_years,
        to_age_years=to_age_years,
    )


def _vaccine(reader: Reader, _: str) -> MappedVaccine:
    return MappedVaccine(
        procedure=_procedure_code(reader),
        charge_cents=reader.integer("charge_cents", minimum=1),
        diagnosis=_diagnosis_code(reader),
        service_line=reader.text("service_line", ""),
    )


def _administration(reader: Reader) -> VaccineAdministration | None:
    row = reader.child_or_none("vaccine_administration")
    if row is None:
        return None
    found = VaccineAdministration(
        first_procedure=_procedure_code(row, "first_procedure"),
        first_charge_cents=row.integer("first_charge_cents", minimum=1),
        further_procedure=_procedure_code(row, "further_procedure"),
        further_charge_cents=row.integer("further_charge_cents", minimum=1),
    )
    row.finish()
    return found


def _location(reader: Reader, _: str) -> MappedLocation:
    return MappedLocation(
        location_id=reader.text("location_id"),
        name=reader.text("name"),
        place_of_service=_place_of_service(reader, default=""),
        department=reader.text("department", ""),
        npi=_npi(reader, ""),
        is_institutional=(
            reader.flag("is_institutional") if reader.has("is_institutional") else None
        ),
        address=_address(reader),
    )


def _encounter_class(reader: Reader, _: str) -> MappedClass:
    return MappedClass(
        place_of_service=_place_of_service(reader),
        is_institutional=reader.flag("is_institutional"),
        facility_code=_matching(
            reader, "facility_code", _TWO_DIGITS, "the type of bill's first two digits", ""
        ),
        patient_status=_matching(
            reader, "patient_status", _TWO_DIGITS, "a patient status of two digits", ""
        ),
    )


def _place_of_service(reader: Reader, *, default: str | None = None) -> str:
    return _matching(
        reader, "place_of_service", _PLACE_OF_SERVICE, "a place of service of two digits", default
    )


def _provider(reader: Reader, _: str) -> MappedProvider:
    return MappedProvider(
        provider_id=reader.text("provider_id"),
        npi=_npi(reader, None),
        taxonomy=_matching(reader, "taxonomy", _TAXONOMY, "10 characters ending in X", ""),
        tax_id=_matching(reader, "tax_id", _TAX_ID, "nine digits", ""),
        family=reader.text("family", ""),
        given=reader.text("given", ""),
        address=_address(reader),
    )


def _address(reader: Reader) -> Address | None:
    row = reader.child_or_none("address")
    if row is None:
        return None
    found = Address(
        line1=row.text("line1"),
        line2=row.text("line2", ""),
        city=row.text("city"),
        state=_matching(row, "state", _STATE, "a state of two letters", None),
        postal_code=_matching(row, "postal_code", _POSTAL_CODE, "five or nine digits", None),
    )
    row.finish()
    return found
