"""Verify the coverages an event speaks of: ask the payer, unless a fresh answer is at hand.

Reads   the event's document, what is known of the coverages, the payers' policies.
Writes  each check with its outcome, what is known of each coverage, the visit with the patient's estimate, the payer's
        circuit, work for front desk and billing.
Emits   eligibility.verified, coverage.changed, eligibility.unavailable; dependency.unavailable and
        dependency.recovered when a payer goes out of reach and comes back.
Fails   StaleRecordError (retry). A payer that can't be reached is an outcome, not a failure: the coverage is marked
        for recheck and the schedulers know.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from functions.billing.domain.commit import Actor, Aggregate, Cause, Commit, OutboundEvent
from functions.billing.domain.eligibility.coverages import KnownCoverage, Visit, VisitState
from functions.billing.domain.eligibility.good_faith import good_faith_estimate, requested_estimate
from functions.billing.domain.errors import ContractError
from functions.billing.domain.records import PayerKind
from functions.billing.domain.rules.rule_set import authorizations_wanted
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.fhir import (
    Appointment,
    appointment_from_bundle,
    coverages_from_bundle,
    mapping_tables,
    patient_from_bundle,
    read_bundle,
)
from functions.billing.usecases.checking import UNAVAILABLE, Checking, EligibilityPorts, Question
from functions.billing.usecases.estimating import Estimating
from functions.billing.usecases.events import opened, resolved
from functions.billing.usecases.work import not_yet_known, open_items_about

STEP = "verify_eligibility"

AUTHORIZATION_MISSING = "authorization_missing"
ESTIMATE_OWED = "good_faith_estimate_owed"

_WORST_LAST = ("unchanged", "joined", "postponed", "verified", "changed", "unavailable")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyEligibility:
    """What the event, or a recheck, says; fields it does not speak of are empty."""

    appointment_id: str = ""
    patient_id: str = ""
    coverage_id: str = ""
    document_key: str = ""
    document_sha256: str = ""
    occurred_at: datetime | None = None
    resource_version: int = 0
    requested_on: date | None = None
    given_on: date | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """The outcome, and what is measured of each check."""

    outcome: str
    checks: tuple[dict[str, object], ...] = ()


def verify_eligibility(
    command: VerifyEligibility, cause: Cause, ports: EligibilityPorts
) -> Verified:
    """Verify what the event speaks of; the outcome is the worst of its coverages'.

    `verified`, `changed`, `unavailable`, `unchanged` (a fresh answer was at hand), `joined` (another run is asking),
    `postponed` (asked a moment ago; due again), `cancelled` or `not_found`; of a Good Faith Estimate `estimated` or
    `given`.
    """
    step = _Verification(command, cause, ports)
    match cause.cause_type:
        case "appointment.cancelled":
            outcome = step.cancel()
        case "insurance.updated":
            outcome = step.update_insurance()
        case "appointment.created" | "patient.checked_in":
            outcome = step.visit()
        case "estimate.requested":
            outcome = step.estimate()
        case "estimate.given":
            outcome = step.note_given()
        case _:
            outcome = step.recheck()
    return Verified(outcome, tuple(check.telemetry for check in step.checking.told))


class _Verification:
    def __init__(self, command: VerifyEligibility, cause: Cause, ports: EligibilityPorts) -> None:
        self.checking = Checking(step=STEP, cause=cause, ports=ports)
        self._command = command
        self._cause = cause
        self._ports = ports
        self._records = ports.records
        self._now = ports.clock.now()
        self._heard_at = command.occurred_at or self._now

    # The ways in ------------------------------------------------------------------------------

    def cancel(self) -> str:
        """Nobody comes: no coverage is asked about for this visit any more."""
        key = Visit.key_of(self._command.appointment_id)
        visit = self._records.get(Visit, key) or Visit(
            appointment_id=self._command.appointment_id, patient_id="", heard_at=self._heard_at
        )
        if visit.state is VisitState.CANCELLED:
            return "cancelled"
        freed = tuple(
            self.checking.freed(known.without(visit.appointment_id))
            for known in self._known_of(visit)
        )
        moot = (
            *self._done(visit.subject, "visit_cancelled"),
            *(
                item
                for known in freed
                if not known.visits
                for item in self._done(known.subject, "visit_cancelled", UNAVAILABLE)
            ),
        )
        cancelled = replace(visit, state=VisitState.CANCELLED, heard_at=self._heard_at, alerts=())
        self._commit(
            cancelled,
            "cancelled",
            also=(*freed, *moot),
            events=tuple(resolved(item, item.resolution) for item in moot),
        )
        return "cancelled"

    def visit(self) -> str:
        """A visit was booked, or the patient is at the desk."""
        known = self._records.get(Visit, Visit.key_of(self._command.appointment_id))
        if known and known.state is VisitState.CANCELLED:
            return "cancelled"
        appointment = self._appointment()
        visit = self._planned(known, appointment)
        outcomes = [
            self.checking.check(question) for question in self._questions(appointment, visit)
        ]
        outcome = self._worst(outcomes)
        checked_in = self._cause.cause_type == "patient.checked_in"
        if checked_in:
            # Answered now, or so short a time ago that the payer's policy still trusts it.
            was_fresh = bool(outcomes) and not set(outcomes) - {"verified", "changed", "unchanged"}
            visit = replace(visit, was_fresh_at_check_in=was_fresh)
        if all(coverage.payer.kind is PayerKind.SELF_PAY for coverage in appointment.coverages):
            visit = self._owing_estimate(visit)
        found = self._authorization_found(known, visit)
        self._note_visit(visit, "checked_in" if checked_in else "booked", found)
        if "joined" in outcomes:
            # The other run renews the estimates of the visits it finds; ours may have come too late for it.
            stored = self._records.get(Visit, visit.key)
            if stored and (renewed := self._with_answers(stored)) != stored:
                self._commit(renewed, "estimated")
        return outcome

    def estimate(self) -> str:
        """The patient asked what a visit will cost, whether or not it is booked."""
        known = self._records.get(Visit, Visit.key_of(self._command.appointment_id))
        if known and known.state is VisitState.CANCELLED:
            return "cancelled"
        visit = self._as_heard(known or self._unheard_of(), self._appointment())
        asked_on = self._command.requested_on or visit.day_of(self._heard_at)
        owed = requested_estimate(visit.planned, requested_on=asked_on)
        visit = replace(visit, good_faith_estimate=owed.no_later_than(visit.good_faith_estimate))
        if visit != known:
            self._note_visit(visit, "estimate_requested")
        return "estimated"

    def note_given(self) -> str:
        """The patient has the estimate in writing."""
        visit = self._records.get(Visit, Visit.key_of(self._command.appointment_id))
        if visit is None or visit.good_faith_estimate is None:
            return "not_found"
        if not visit.good_faith_estimate.is_owed:
            return "given"
        given_on = self._command.given_on or visit.day_of(self._heard_at)
        given = replace(visit.good_faith_estimate, given_on=given_on)
        word = "estimate_given_late" if given.is_late else "estimate_given"
        done = self._done(visit.subject, word, ESTIMATE_OWED)
        self._note_visit(replace(visit, good_faith_estimate=given), word, done)
        return "given"

    def update_insurance(self) -> str:
        """Registration says the insurance changed; an older change that comes late changes nothing."""
        bundle = self._bundle()
        mapping = self._ports.rule_sets.active("mapping", mapping_tables)
        patient = patient_from_bundle(bundle, self._command.patient_id)
        reading = coverages_from_bundle(bundle, self._command.patient_id, mapping)
        if patient is None:
            return "not_found"
        outcomes = []
        for coverage in reading.coverages:
            if coverage.payer.kind is PayerKind.SELF_PAY:
                continue
            known = self._records.get(KnownCoverage, KnownCoverage.key_of(coverage.coverage_id))
            if known and known.resource_version >= self._command.resource_version:
                outcomes.append("unchanged")
                continue
            question = Question(
                patient=patient,
                coverage=coverage,
                provider=known.provider if known else None,
                service_at=_midnight(known.next_visit_on(self._now) if known else self._now.date()),
                resource_version=self._command.resource_version,
                invalidates=True,
            )
            outcomes.append(self.checking.check(question))
        return self._worst(outcomes)

    def recheck(self) -> str:
        """The schedule, or a denial, wants a coverage asked about once more."""
        known = self._records.get(KnownCoverage, KnownCoverage.key_of(self._command.coverage_id))
        if known is None:
            return "not_found"
        question = Question(
            patient=known.patient,
            coverage=known.coverage,
            provider=known.provider,
            service_at=_midnight(known.next_visit_on(self._now)),
            forced=True,
        )
        return self._worst([self.checking.check(question)])

    # The visit --------------------------------------------------------------------------------

    def _planned(self, known: Visit | None, appointment: Appointment) -> Visit:
        """The visit as the event has it; what was there at the booking stays as it was then."""
        visit = self._as_heard(known or self._unheard_of(), appointment)
        if visit.booked_on is None:
            visit = replace(
                visit,
                state=VisitState.BOOKED,
                booked_on=visit.day_of(self._heard_at),
                authorized_at_booking=visit.is_authorized,
            )
        if self._cause.cause_type == "patient.checked_in":
            return replace(visit, state=VisitState.CHECKED_IN)
        return visit

    def _unheard_of(self) -> Visit:
        return Visit(
            appointment_id=self._command.appointment_id,
            patient_id=self._command.patient_id,
            heard_at=self._heard_at,
            state=VisitState.PROPOSED,
        )

    def _as_heard(self, visit: Visit, appointment: Appointment) -> Visit:
        return replace(
            visit,
            starts_at=appointment.starts_at or self._now,
            location_id=appointment.location.location_id if appointment.location else "",
            coverage_ids=tuple(coverage.coverage_id for coverage in appointment.coverages),
            planned=appointment.planned,
            needs_authorization=bool(self._wanted(appointment)),
            is_authorized=self._is_authorized(appointment),
            problems=tuple(
                f"{problem.path}: {problem.expected}" for problem in appointment.problems
            )
            + tuple(f"{code.table}: {code.where}" for code in appointment.unmapped),
        )

    def _questions(self, appointment: Appointment, visit: Visit) -> Iterable[Question]:
        for coverage in appointment.coverages:
            if appointment.patient and coverage.payer.kind is not PayerKind.SELF_PAY:
                yield Question(
                    patient=appointment.patient,
                    coverage=coverage,
                    provider=appointment.billing_provider,
                    service_at=visit.starts_at or self._now,
                    visit=visit.expected,
                )

    def _note_visit(self, visit: Visit, decision: str, done: tuple[WorkItem, ...] = ()) -> None:
        noted = self._with_answers(visit)
        works = not_yet_known(self._records, *self._works(noted))
        ended = tuple(resolved(item, item.resolution) for item in done)
        self._commit(noted, decision, also=(*works, *done), events=(*map(opened, works), *ended))

    def _done(self, subject: str, resolution: str, reason: str = "") -> tuple[WorkItem, ...]:
        """The open work about a visit or a coverage, resolved; of one reason, or all of it."""
        return tuple(
            item.resolved(at=self._now, by=STEP, resolution=resolution)
            for item in open_items_about(self._records, subject)
            if reason in {"", item.reason}
        )

    def _with_answers(self, visit: Visit) -> Visit:
        """With what its coverages' checks brought: the first answer's day, alerts, the estimate."""
        known = tuple(self._known_of(visit))
        alerts = tuple(
            change for check in self.checking.told for change in check.changes if change.needs_alert
        )
        after = visit.hearing(alerts, is_settled=False)
        today = visit.day_of(self._now)
        day = visit.starts_at.date() if visit.starts_at else today
        answers = [(each, each.answer_about(day)) for each in known]
        if any(answer for _, answer in answers):
            after = after.verified(today)
        estimating = Estimating(self._records, self.checking.policies)
        for each, answer in answers:
            if answer and answer.authorization_required:
                after = replace(after, needs_authorization=True)
            if answer and visit.is_first_payer(each.coverage_id):
                renewed = estimating.of_visit(after, each.coverage, answer)
                after = replace(after, estimate=renewed)
        return after

    def _authorization_found(self, known: Visit | None, visit: Visit) -> tuple[WorkItem, ...]:
        """The work for an authorization that was missing, resolved once there is one."""
        if known is None or not known.lacks_authorization or not visit.is_authorized:
            return ()
        return self._done(visit.subject, "authorization_on_file", AUTHORIZATION_MISSING)

    def _owing_estimate(self, visit: Visit) -> Visit:
        """Of a patient without insurance: with the Good Faith Estimate that is owed, worked out at the booking."""
        if visit.good_faith_estimate or visit.starts_at is None or visit.booked_on is None:
            return visit
        owed = good_faith_estimate(
            visit.planned, booked_on=visit.booked_on, service_on=visit.starts_at.date()
        )
        return replace(visit, good_faith_estimate=owed)

    def _works(self, visit: Visit) -> Iterable[WorkItem]:
        if visit.problems:
            yield open_work_item(
                queue=Queue.FRONT_DESK,
                reason="registration_incomplete",
                about=visit.subject,
                recommended_action="complete the registration; the visit can't be checked as it is",
                at=self._now,
                due_days=1,
                fields=visit.problems[:10],
            )
        if visit.lacks_authorization:
            yield open_work_item(
                queue=Queue.AUTHORIZATION,
                reason=AUTHORIZATION_MISSING,
                about=visit.subject,
                recommended_action="obtain the payer's authorization before the visit",
                at=self._now,
                due_days=self._days_until(
                    visit, visit.starts_at.date() if visit.starts_at else None
                ),
            )
        owed = visit.good_faith_estimate
        if owed and owed.is_owed:
            action = "give the patient the estimate in writing by the due date"
            unpriced = "" if owed.is_complete else "; price the planned services first"
            yield open_work_item(
                queue=Queue.FRONT_DESK,
                reason=ESTIMATE_OWED,
                about=visit.subject,
                recommended_action=action + unpriced,
                at=self._now,
                due_days=self._days_until(visit, owed.due_on),
                amount_cents=owed.total_cents,
                occurrence=owed.due_on.isoformat(),
            )

    def _days_until(self, visit: Visit, day: date | None) -> int:
        return max(0, (day - visit.day_of(self._now)).days) if day else 0

    def _wanted(self, appointment: Appointment) -> tuple[str, ...]:
        """The planned procedures that the first payer wants authorized."""
        first = next(iter(appointment.coverages), None)
        if first is None:
            return ()
        table = self._ports.rule_sets.active("scrub", authorizations_wanted)
        wanted = table.get(first.payer.payer_id, frozenset())
        return tuple(
            service.procedure for service in appointment.planned if service.procedure in wanted
        )

    def _is_authorized(self, appointment: Appointment) -> bool:
        """Every procedure that needs one has an authorization in force on the day; or there is one at all."""
        day = (appointment.starts_at or self._now).date()
        in_force = [one for one in appointment.authorizations if one.is_in_force(day)]
        return bool(in_force) and all(
            any(one.covers(procedure) for one in in_force)
            for procedure in self._wanted(appointment)
        )

    def _known_of(self, visit: Visit) -> Iterable[KnownCoverage]:
        for coverage_id in visit.coverage_ids:
            known = self._records.get(KnownCoverage, KnownCoverage.key_of(coverage_id))
            if known:
                yield known

    def _appointment(self) -> Appointment:
        mapping = self._ports.rule_sets.active("mapping", mapping_tables)
        return appointment_from_bundle(self._bundle(), self._command.appointment_id, mapping)

    def _bundle(self) -> dict[str, object]:
        body = self._ports.intake.fetch(self._command.document_key)
        if hashlib.sha256(body).hexdigest() != self._command.document_sha256:
            raise ContractError(
                "document_altered",
                subject=f"document:{self._command.document_key}",
                detail="document_sha256",
            )
        return dict(read_bundle(body, self._command.document_key))

    def _worst(self, outcomes: list[str]) -> str:
        return max(outcomes, key=_WORST_LAST.index, default="not_found")

    def _commit(
        self,
        root: Visit,
        decision: str,
        *,
        also: tuple[Aggregate, ...] = (),
        events: tuple[OutboundEvent, ...] = (),
    ) -> None:
        self._records.commit(
            Commit(
                step=STEP,
                cause=self._cause,
                actor=Actor(STEP),
                at=self._now,
                root=root,
                decision=decision,
                also=also,
                events=events,
            )
        )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)
