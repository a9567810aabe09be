"""Every check of a coverage, with all that is measured of it; and when a request may be sent."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from functions.billing.domain.eligibility.coverage import Change
from functions.billing.domain.eligibility.records import CoverageState, MatchQuality, MemberField
from functions.billing.domain.keys import Key
from functions.billing.domain.records import Coverage, Patient, Provider

ANSWER_WITHIN = timedelta(seconds=20)
"""A real-time answer takes no longer (CAQH CORE 156); after that the payer has not answered."""
IN_FLIGHT = timedelta(seconds=30)
"""As long as a run of the step may last: a request younger than this may still be answered."""
REPEAT_AFTER = timedelta(seconds=90)
"""The same real-time request is not sent again sooner (CAQH CORE 156)."""


class CheckOutcome(StrEnum):
    """What came of a check."""

    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    HELD = "held"
    """Not asked: the payer is known to be out of reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityCheck:
    """One check, with all that is measured of it.

    Attributes
    ----------
    codes
        The payer's answer in codes (`EB01:1`, `AAA:75`), or why there is none (`HTTP 503`).
    fresh_until
        How long the answer is trusted, by `policy_version`.
    deductible_remaining_cents, copay_cents
        None when the payer did not state them without ambiguity.
    estimates_updated
        Appointments whose patient estimate this answer renewed.
    control_number
        ISA13 of the request, by which the clearinghouse finds it.
    evidence_sha256
        The hash of what rests under `evidence_key`. Empty when nothing was sent.
    """

    kind: ClassVar[str] = "CHECK"

    coverage_id: str
    number: int
    cause_id: str
    cause_type: str
    payer_id: str
    service_on: date
    asked_at: datetime
    answered_at: datetime
    outcome: CheckOutcome
    appointment_id: str = ""
    codes: tuple[str, ...] = ()
    state: CoverageState = CoverageState.UNDETERMINED
    reason: str = ""
    match_quality: MatchQuality = MatchQuality.NONE
    corrected_fields: tuple[MemberField, ...] = ()
    deductible_remaining_cents: int | None = None
    copay_cents: int | None = None
    authorization_required: bool | None = None
    other_payers: int = 0
    changes: tuple[Change, ...] = ()
    estimates_updated: tuple[str, ...] = ()
    fresh_until: datetime | None = None
    policy_version: str = ""
    control_number: str = ""
    evidence_sha256: str = ""

    @property
    def evidence_key(self) -> str:
        """Where the bytes of the 270, and of the 271 if one came, are kept; empty when nothing was sent."""
        return evidence_key_of(self.control_number) if self.evidence_sha256 else ""

    @property
    def key(self) -> Key:
        """Beside its coverage, in order."""
        return Key(f"COVERAGE#{self.coverage_id}", f"CHECK#{self.number:06d}")

    @property
    def milliseconds(self) -> int:
        """How long the payer took."""
        return round((self.answered_at - self.asked_at).total_seconds() * 1000)

    @property
    def telemetry(self) -> dict[str, object]:
        """What a log line says of the check: ids, codes, amounts; nothing that names a person."""
        return {
            "coverage_id": self.coverage_id,
            "number": self.number,
            "appointment_id": self.appointment_id,
            "cause_type": self.cause_type,
            "payer_id": self.payer_id,
            "asked_at": self.asked_at.isoformat(),
            "milliseconds": self.milliseconds,
            "outcome": self.outcome.value,
            "codes": list(self.codes),
            "coverage_state": self.state.value,
            "match_quality": self.match_quality.name.lower(),
            "corrected_fields": [field.value for field in self.corrected_fields],
            "deductible_remaining_cents": self.deductible_remaining_cents,
            "copay_cents": self.copay_cents,
            "changes": [change.kind.value for change in self.changes],
            "estimate_updated": bool(self.estimates_updated),
        }


def evidence_key_of(control_number: str) -> str:
    """Where a 270 and its 271 are kept, one after the other: by ISA13, which names no person and is given once."""
    return f"eligibility/{control_number}.x12"


def request_of(
    patient: Patient, coverage: Coverage, provider: Provider | None, service_on: date
) -> str:
    """What makes two requests the same: payer, member, patient, provider and day, as a digest."""
    subscriber = coverage.subscriber
    parts = (
        coverage.payer.payer_id,
        coverage.member_id,
        coverage.group_number,
        coverage.relationship,
        *(part for one in (patient, subscriber) if one for part in _person(one)),
        provider.npi if provider else "",
        service_on.isoformat(),
    )
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _person(person: Patient) -> tuple[str, ...]:
    return (person.name.family, person.name.given, person.birth_date.isoformat(), person.sex)
