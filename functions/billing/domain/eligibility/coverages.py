"""A coverage and a visit as the system knows them between two answers of a payer."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from functions.billing.domain.eligibility.benefits import PatientEstimate
from functions.billing.domain.eligibility.records import EligibilityResult
from functions.billing.domain.keys import Key
from functions.billing.domain.records import Coverage, Patient, Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCoverage:
    """The newest answer about one coverage, and what is needed to ask again without the EHR.

    `changed_at` is when we heard that the coverage changed: whatever was answered before is stale.
    `unavailable_since` is set while the payer cannot be reached; the answer kept is then the last good one.
    """

    kind: ClassVar[str] = "COVERAGE"

    coverage_id: str
    patient: Patient
    coverage: Coverage
    provider: Provider | None
    visit_on: date
    appointment_id: str = ""
    result: EligibilityResult | None = None
    checked_at: datetime | None = None
    checks: int = 0
    changed_at: datetime | None = None
    resource_version: int = 0
    unavailable_since: datetime | None = None
    due_kind: str = ""
    due_at: datetime | None = None
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(coverage_id: str) -> Key:
        """Where a coverage rests."""
        return Key(f"COVERAGE#{coverage_id}", "COVERAGE")

    @property
    def key(self) -> Key:
        """Where this coverage rests."""
        return self.key_of(self.coverage_id)

    @property
    def ref(self) -> str:
        """Coverages are found by their patient."""
        return f"COVERAGES#{self.patient.patient_id}"

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"coverage:{self.coverage_id}"


class VisitState(StrEnum):
    """Where a booked visit stands."""

    BOOKED = "booked"
    CHECKED_IN = "checked_in"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A booked visit: its coverages and the patient's estimate, with how it was worked out."""

    kind: ClassVar[str] = "VISIT"

    appointment_id: str
    patient_id: str
    heard_at: datetime
    state: VisitState = VisitState.BOOKED
    starts_at: datetime | None = None
    location_id: str = ""
    coverage_ids: tuple[str, ...] = ()
    booked_on: date | None = None
    verified_on: date | None = None
    estimate: PatientEstimate | None = None
    problems: tuple[str, ...] = ()
    ref: str = "VISITS"
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(appointment_id: str) -> Key:
        """Where a visit rests."""
        return Key(f"VISIT#{appointment_id}", "VISIT")

    @property
    def key(self) -> Key:
        """Where this visit rests."""
        return self.key_of(self.appointment_id)

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"visit:{self.appointment_id}"
