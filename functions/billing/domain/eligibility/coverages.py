"""A coverage and a visit as the system knows them between two answers of a payer."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from functions.billing.domain.eligibility.benefits import PatientEstimate, PlannedService
from functions.billing.domain.eligibility.checks import IN_FLIGHT, REPEAT_AFTER
from functions.billing.domain.eligibility.coverage import Change
from functions.billing.domain.eligibility.good_faith import GoodFaithEstimate
from functions.billing.domain.eligibility.rechecks import PlannedVisit
from functions.billing.domain.eligibility.records import EligibilityResult
from functions.billing.domain.keys import Key
from functions.billing.domain.records import Coverage, Patient, Provider

RECHECK = "RECHECK"
"""The due kind of coverages to be asked about again."""

_ANSWERS_KEPT = timedelta(days=93)
_VISITS_KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCoverage:
    """What payers said of one coverage, and what is needed to ask again without the EHR.

    Attributes
    ----------
    visits
        Booked visits it is meant to pay for, soonest first.
    answers
        Newest first. Of each month of service the newest is kept, and the newest that decided.
    fresh_until
        How long the newest answer may stand for a new check; None once a coverage event took that from it.
    visit_on
        The day last asked about.
    asked_at, request, is_asking
        The newest request: when, what made it the same as another, and whether its outcome is still to be noted. It is
        noted before it leaves, on the version that was read, so of two that would ask at once one does.
    checks
        How many checks were told so far.
    unavailable_since
        Set while the payer cannot be reached; the answers kept are then the last good ones.
    """

    kind: ClassVar[str] = "COVERAGE"

    coverage_id: str
    patient: Patient
    coverage: Coverage
    provider: Provider | None
    visit_on: date
    visits: tuple[PlannedVisit, ...] = ()
    answers: tuple[EligibilityResult, ...] = ()
    fresh_until: datetime | None = None
    checks: int = 0
    asked_at: datetime | None = None
    request: str = ""
    is_asking: bool = False
    resource_version: int = 0
    unavailable_since: datetime | None = None
    due_kind: str = ""
    due_at: datetime | None = None
    version: int = 0
    audit_head: str = ""

    @property
    def result(self) -> EligibilityResult | None:
        """The newest answer."""
        return self.answers[0] if self.answers else None

    @property
    def appointment_id(self) -> str:
        """The visit last asked about, if it was one."""
        on_the_day = (one for one in self.visits if one.starts_at.date() == self.visit_on)
        return next((one.appointment_id for one in on_the_day), "")

    def is_in_flight(self, now: datetime) -> bool:
        """Somebody asked, and may still be waiting for the answer."""
        asked_at = self.asked_at
        return self.is_asking and asked_at is not None and now - asked_at < IN_FLIGHT

    def was_asked_just_now(self, request: str, now: datetime) -> bool:
        """The same request left so short a time ago that it must not be sent again yet."""
        asked_at = self.asked_at
        return asked_at is not None and self.request == request and now - asked_at < REPEAT_AFTER

    def asking(self, request: str, now: datetime) -> Self:
        """With a request under way. Should nobody note what came of it, it is due as soon as it may be repeated."""
        return replace(
            self,
            asked_at=now,
            request=request,
            is_asking=True,
            due_kind=RECHECK,
            due_at=now + REPEAT_AFTER,
        )

    def answer_about(self, day: date) -> EligibilityResult | None:
        """The newest answer about the month of a service."""
        return next((one for one in self.answers if one.is_about_month_of(day)), None)

    def decision_about(self, day: date) -> EligibilityResult | None:
        """The newest answer about the month of a service that said yes or no."""
        about = (one for one in self.answers if one.is_about_month_of(day))
        return next((one for one in about if one.is_decisive), None)

    def answered(self, result: EligibilityResult, fresh_until: datetime) -> Self:
        """With a new answer; what it supersedes is forgotten, and all of long past months."""
        horizon = result.checked_at.date() - _ANSWERS_KEPT
        kept: list[EligibilityResult] = [result]
        for one in self.answers:
            month = [other for other in kept if other.is_about_month_of(one.service_date)]
            is_needed = one.is_decisive and not any(other.is_decisive for other in month)
            if one.service_date >= horizon and (is_needed or not month):
                kept.append(one)
        return replace(self, answers=tuple(kept), fresh_until=fresh_until, unavailable_since=None)

    def expecting(self, visit: PlannedVisit) -> Self:
        """With a visit booked, or moved to another time."""
        others = (one for one in self.visits if one.appointment_id != visit.appointment_id)
        visits = sorted((*others, visit), key=lambda one: (one.starts_at, one.appointment_id))
        return replace(self, visits=tuple(visits))

    def without(self, appointment_id: str) -> Self:
        """With a visit cancelled."""
        left = tuple(one for one in self.visits if one.appointment_id != appointment_id)
        return replace(self, visits=left)

    def since(self, now: datetime) -> Self:
        """Without the visits of past days: nothing is asked for them any more."""
        left = tuple(one for one in self.visits if one.starts_at > now - _VISITS_KEPT)
        return self if left == self.visits else replace(self, visits=left)

    def next_visit_on(self, now: datetime) -> date:
        """The day to ask about: of the next visit, else the day last asked about."""
        return next(
            (one.starts_at.date() for one in self.visits if one.starts_at > now), self.visit_on
        )

    def needed_at(self, now: datetime) -> datetime:
        """When the next visit begins: of what waits, the nearest visit is asked about first."""
        return next((one.starts_at for one in self.visits if one.starts_at > now), now)

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
    """Where a visit stands."""

    PROPOSED = "proposed"
    """Its price was asked for; nobody has booked it."""
    BOOKED = "booked"
    CHECKED_IN = "checked_in"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit: its coverages and the patient's estimate, with how it was worked out.

    `alerts` are the changes of coverage since the booking that nobody has acted upon yet, in words without protected
    health information. `needs_authorization`: the payer wants one for the visit (by the table of its rules, or EB11);
    `is_authorized`: by the newest document of the EHR there is one; `authorized_at_booking`: it was there when the
    visit was booked. `booked_on`: None while it is only proposed. `was_fresh_at_check_in`: what was known of every
    coverage when the patient came was still trusted by its payer's policy.
    """

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
    planned: tuple[PlannedService, ...] = ()
    estimate: PatientEstimate | None = None
    good_faith_estimate: GoodFaithEstimate | None = None
    alerts: tuple[str, ...] = ()
    needs_authorization: bool = False
    is_authorized: bool = False
    authorized_at_booking: bool = False
    was_fresh_at_check_in: bool | None = None
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

    @property
    def lacks_authorization(self) -> bool:
        """It is booked, its payer wants an authorization, and nobody has one."""
        return self.booked_on is not None and self.needs_authorization and not self.is_authorized

    @property
    def expected(self) -> PlannedVisit | None:
        """The visit as its coverages await it; None while nobody knows when it begins."""
        return PlannedVisit(self.appointment_id, self.starts_at) if self.starts_at else None

    def day_of(self, at: datetime) -> date:
        """The calendar day on the clock of the place where the visit is; in UTC while nobody knows when it begins."""
        return at.astimezone(self.starts_at.tzinfo if self.starts_at else UTC).date()

    def is_first_payer(self, coverage_id: str) -> bool:
        """The estimate rests on this coverage's benefits."""
        return self.coverage_ids[:1] == (coverage_id,)

    def verified(self, day: date) -> Self:
        """With the day of its first answer."""
        return self if self.verified_on else replace(self, verified_on=day)

    def hearing(self, alerts: tuple[Change, ...], *, is_settled: bool) -> Self:
        """With what changed since the booking; what was acted upon is no alert any more."""
        earlier = () if is_settled else self.alerts
        told = (change.in_words for change in alerts if not change.is_recovery)
        return replace(self, alerts=tuple(dict.fromkeys((*earlier, *told))))
