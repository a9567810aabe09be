"""The canonical records: what the whole system means by patient, coverage, encounter, charge.

Built from FHIR R4 by `billing.fhir` through versioned mapping tables, read by every use case. Names follow FHIR's
financial module where it has one. Fields that hold protected health information do not show in `repr`.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Sex(StrEnum):
    """Administrative sex as X12 DMG03 codes it."""

    FEMALE = "F"
    MALE = "M"
    UNKNOWN = "U"


class Relationship(StrEnum):
    """The patient's relationship to the subscriber (X12 SBR02 / PAT01)."""

    SELF = "18"
    SPOUSE = "01"
    CHILD = "19"
    OTHER = "G8"


class CoverageRank(StrEnum):
    """Order of payment (X12 SBR01)."""

    PRIMARY = "P"
    SECONDARY = "S"
    TERTIARY = "T"


class PayerKind(StrEnum):
    """What decides eligibility policy and filing indicator."""

    COMMERCIAL = "commercial"
    MEDICARE = "medicare"
    MEDICAID = "medicaid"
    EXCHANGE = "exchange"
    SELF_PAY = "self_pay"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    """A person's legal name as the payer should know it."""

    family: str = field(repr=False)
    given: str = field(default="", repr=False)
    middle: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A street address; `postal_code` holds digits only (five or nine)."""

    line1: str = field(repr=False)
    line2: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    state: str = ""
    postal_code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """The person treated."""

    patient_id: str
    name: PersonName
    birth_date: date = field(repr=False)
    sex: Sex
    address: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """Who pays: the canonical payer behind an EHR-local payer code."""

    payer_id: str
    name: str
    kind: PayerKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """A patient's insurance with one payer."""

    coverage_id: str
    payer: Payer
    rank: CoverageRank
    member_id: str = field(repr=False)
    relationship: Relationship = Relationship.SELF
    subscriber: Patient | None = None
    group_number: str = field(default="", repr=False)
    plan_name: str = ""
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A billing organization (`given` empty, `is_person` false) or a rendering individual."""

    provider_id: str
    npi: str
    family: str
    given: str = ""
    is_person: bool = True
    taxonomy: str = ""
    tax_id: str = ""
    address: Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where the service was given."""

    location_id: str
    name: str
    place_of_service: str
    department: str = ""
    npi: str = ""
    address: Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """A payer's prior authorization (X12 REF*G1)."""

    number: str
    procedures: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None
    units_left: int | None = None

    def covers(self, procedure: str) -> bool:
        """It names the procedure, or none and so covers all."""
        return not self.procedures or procedure in self.procedures

    def is_in_force(self, day: date) -> bool:
        """The day lies within it."""
        started = self.starts_on is None or self.starts_on <= day
        return started and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One service line. `diagnosis_pointers` are 1-based positions in the encounter's diagnoses (SV107).

    `drug_quantity` is an exact decimal as text (CTP04), `drug_unit` UN, ML, GR, F2 or ME (CTP05-1).
    """

    line_id: str
    procedure: str
    charge_cents: int
    units: int
    service_date: date
    modifiers: tuple[str, ...] = ()
    diagnosis_pointers: tuple[int, ...] = (1,)
    place_of_service: str = ""
    revenue_code: str = ""
    ndc: str = ""
    drug_quantity: str = ""
    drug_unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """What an institutional claim says of the visit as a whole (X12 837I).

    Attributes
    ----------
    facility_code
        The first two digits of the type of bill (CLM05-1): 11 inpatient, 13 outpatient, …
    patient_status, admission_type, admission_source
        CL103, CL101, CL102.
    admitted_on
        DTP*435.
    value_codes, occurrences
        HI*BE with amounts in cents, HI*BH with dates.
    """

    facility_code: str = ""
    patient_status: str = ""
    admission_type: str = ""
    admission_source: str = ""
    admitted_on: date | None = None
    value_codes: tuple[tuple[str, int], ...] = ()
    occurrences: tuple[tuple[str, date], ...] = ()

    @property
    def is_admission(self) -> bool:
        """Whether a bed was given (types of bill 11x, 12x, 18x, 21x, 41x)."""
        return self.facility_code in {"11", "12", "18", "21", "41"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmappedCode:
    """An EHR-local code the mapping table does not know: a work item, never a guess."""

    table: str
    system: str
    code: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingFact:
    """A fact the document should hold and does not, or holds in a form that cannot be read."""

    path: str
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Encounter:
    """One visit, ready to be billed or showing why it can't be.

    `diagnoses` are ICD-10-CM codes, principal first, written without the dot. `problems` and `unmapped` are empty
    when the document was complete.
    """

    encounter_id: str
    patient: Patient | None
    coverages: tuple[Coverage, ...]
    billing_provider: Provider | None
    rendering_provider: Provider | None
    location: Location | None
    service_line: str
    starts_on: date
    ends_on: date
    diagnoses: tuple[str, ...]
    charges: tuple[Charge, ...]
    authorizations: tuple[Authorization, ...] = ()
    is_institutional: bool = False
    stay: Stay | None = None
    mapping_version: str = ""
    unmapped: tuple[UnmappedCode, ...] = ()
    problems: tuple[MissingFact, ...] = ()
    not_billed: tuple[str, ...] = ()
