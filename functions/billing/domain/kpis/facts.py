"""What is measured: one small record for each claim, each posted answer and each visit."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Dimension(StrEnum):
    """What a figure can be broken down by."""

    PAYER = "payer"
    LOCATION = "location"
    PROVIDER = "provider"
    SERVICE_LINE = "service_line"
    DEPARTMENT = "department"
    DENIAL_BUCKET = "denial_bucket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """Where a fact belongs. Empty means that it is not known, and is shown as such."""

    payer: str = ""
    location: str = ""
    provider: str = ""
    service_line: str = ""
    department: str = ""

    def of(self, dimension: Dimension) -> str:
        """The segment in one dimension; denial buckets are not a claim's segment."""
        by_dimension = {
            Dimension.PAYER: self.payer,
            Dimension.LOCATION: self.location,
            Dimension.PROVIDER: self.provider,
            Dimension.SERVICE_LINE: self.service_line,
            Dimension.DEPARTMENT: self.department,
        }
        return by_dimension.get(dimension, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFacts:
    """One claim's way, in times and cents. A time that has not come is None.

    Attributes
    ----------
    touches
        Times a person had to act on the claim before it was settled.
    was_rejected
        A 999 or 277CA refused any attempt: not a denial.
    failed_edits
        Our validation refused it the first time.
    is_original
        Frequency 1. Replacements and voids do not count as first pass.
    first_pass_denied_cents
        What the first remittance denied; `denied_by_bucket` splits it.
    denied_cents, recovered_cents
        What was ever denied at first answer, and what was collected on it since.
    """

    claim_id: str
    segments: Segments
    charge_cents: int
    paid_cents: int = 0
    patient_cents: int = 0
    outstanding_cents: int = 0
    encounter_closed_at: datetime | None = None
    staged_at: datetime | None = None
    submitted_at: datetime | None = None
    accepted_at: datetime | None = None
    first_remitted_at: datetime | None = None
    first_paid_at: datetime | None = None
    closed_at: datetime | None = None
    touches: int = 0
    was_rejected: bool = False
    failed_edits: bool = False
    is_original: bool = True
    is_first_pass_denied: bool = False
    first_pass_denied_cents: int = 0
    denied_by_bucket: tuple[tuple[str, int], ...] = ()
    denied_at: datetime | None = None
    denied_cents: int = 0
    recovered_cents: int = 0
    denial_resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingFacts:
    """One remitted claim (CLP): when it came, when it was posted, and by whom.

    `is_matched` without a person; `is_posted_by_person` when somebody had to release it.
    `unmatched_cause` is the word of `UnmatchedCause`, empty when matched.
    """

    occurrence: str
    segments: Segments
    received_at: datetime
    posted_at: datetime | None
    is_matched: bool
    is_posted_by_person: bool = False
    unmatched_cause: str = ""
    paid_cents: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitFacts:
    """One appointment: what was known of coverage and authorization, and when.

    `verified_on` is the day of the first check that the payer answered. `was_fresh_at_service`
    says whether the newest answer was still fresh on the day of service (`cache_is_fresh`), None
    before that day.
    """

    encounter_id: str
    segments: Segments
    scheduled_on: date
    service_on: date
    verified_on: date | None = None
    was_fresh_at_service: bool | None = None
    needs_authorization: bool = False
    had_authorization_at_scheduling: bool = False


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open span of time: facts of `starts_at` belong to it, those of `ends_at` do not."""

    starts_at: datetime
    ends_at: datetime

    def has(self, moment: datetime | None) -> bool:
        """Whether something that happened at `moment` belongs to the period."""
        return moment is not None and self.starts_at <= moment < self.ends_at

    def has_day(self, day: date | None) -> bool:
        """Whether a day belongs to the period."""
        return day is not None and self.starts_at.date() <= day < self.ends_at.date()
