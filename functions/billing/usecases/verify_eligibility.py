"""Verify the coverages an event speaks of: ask the payer, unless a fresh answer is at hand.

Reads   the event's document, what is known of the coverages, the payers' policies.
Writes  the newest answer of each coverage, the visit with the patient's estimate, work for the front desk.
Emits   eligibility.verified, coverage.changed, eligibility.unavailable.
Fails   StaleRecordError (retry). A payer that can't be reached is an outcome, not a failure: the coverage is marked
        for recheck and the schedulers know.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from functions.billing.domain.commit import Actor, Aggregate, Cause, Commit, OutboundEvent
from functions.billing.domain.eligibility.benefits import EstimateCharge, PatientEstimate, estimate
from functions.billing.domain.eligibility.coverage import Change, cache_is_fresh, coverage_changed
from functions.billing.domain.eligibility.coverages import KnownCoverage, Visit, VisitState
from functions.billing.domain.eligibility.records import (
    CoverageState,
    EligibilityResult,
    PayerErrorClass,
)
from functions.billing.domain.errors import ClearinghouseUnavailableError, ContractError
from functions.billing.domain.records import Charge, Coverage, Patient, PayerKind, Provider
from functions.billing.domain.rules.policy import PayerPolicies, PayerPolicy, payer_policies
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.edi.eligibility_270 import Inquiry, read_answer, write_inquiry
from functions.billing.edi.envelopes import WireNumbers
from functions.billing.fhir import (
    Appointment,
    appointment_from_bundle,
    coverages_from_bundle,
    mapping_tables,
    patient_from_bundle,
    read_bundle,
)
from functions.billing.ports import Clearinghouse, Clock, ControlNumbers, Intake, Records, RuleSets
from functions.billing.usecases.events import opened, resolved
from functions.billing.usecases.work import open_items_about

STEP = "verify_eligibility"
RECHECK = "RECHECK"
RETRY_AFTER = timedelta(minutes=15)

_WORST_LAST = ("unchanged", "verified", "changed", "unavailable")
_ERROR_QUEUES = {
    PayerErrorClass.PATIENT_DATA: (
        Queue.FRONT_DESK,
        "correct the member's data with the card at hand, then check again",
    ),
    PayerErrorClass.PROVIDER: (
        Queue.CREDENTIALING,
        "mend the provider's enrolment with this payer",
    ),
    PayerErrorClass.DATES: (Queue.FRONT_DESK, "check the service date against the plan's dates"),
    PayerErrorClass.OTHER: (Queue.FRONT_DESK, "read the payer's answer and check again"),
}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityPorts:
    """What verifying needs of the world."""

    records: Records
    intake: Intake
    clearinghouse: Clearinghouse
    control_numbers: ControlNumbers
    rule_sets: RuleSets
    clock: Clock


def verify_eligibility(
    command: VerifyEligibility, cause: Cause, ports: EligibilityPorts
) -> dict[str, object]:
    """`verified`, `changed`, `unavailable`, `unchanged` (a fresh answer was at hand), `cancelled` or `not_found`."""
    step = _Verification(command, cause, ports)
    match cause.cause_type:
        case "appointment.cancelled":
            return step.cancel()
        case "insurance.updated":
            return step.update_insurance()
        case "appointment.created" | "patient.checked_in":
            return step.visit()
        case _:
            return step.recheck()


class _Verification:
    def __init__(self, command: VerifyEligibility, cause: Cause, ports: EligibilityPorts) -> None:
        self._command = command
        self._cause = cause
        self._ports = ports
        self._records = ports.records
        self._now = ports.clock.now()
        self._heard_at = command.occurred_at or self._now
        self._policies: PayerPolicies = ports.rule_sets.active("payer_policies", payer_policies)

    # The four ways in -------------------------------------------------------------------------

    def cancel(self) -> dict[str, object]:
        """Nobody comes: what was due to be checked again for this visit no longer is."""
        key = Visit.key_of(self._command.appointment_id)
        visit = self._records.get(Visit, key) or Visit(
            appointment_id=self._command.appointment_id, patient_id="", heard_at=self._heard_at
        )
        if visit.state is not VisitState.CANCELLED:
            dropped = tuple(
                replace(known, due_kind="", due_at=None)
                for known in self._known_of(visit)
                if known.appointment_id == visit.appointment_id and known.due_kind
            )
            cancelled = replace(visit, state=VisitState.CANCELLED, heard_at=self._heard_at)
            self._commit(cancelled, "cancelled", also=dropped)
        return {"outcome": "cancelled"}

    def visit(self) -> dict[str, object]:
        """A visit was booked, or the patient is at the desk."""
        key = Visit.key_of(self._command.appointment_id)
        known = self._records.get(Visit, key)
        if known and known.state is VisitState.CANCELLED:
            return {"outcome": "cancelled"}
        appointment = self._appointment()
        checked_in = self._cause.cause_type == "patient.checked_in"
        starts_at = appointment.starts_at or self._now
        outcomes = [
            self._verify(
                _Asked(appointment.patient, coverage, appointment.billing_provider), starts_at
            )
            for coverage in appointment.coverages
            if appointment.patient and coverage.payer.kind is not PayerKind.SELF_PAY
        ]
        visit = known or Visit(
            appointment_id=self._command.appointment_id,
            patient_id=self._command.patient_id,
            heard_at=self._heard_at,
            booked_on=self._heard_at.date(),
        )
        planned = replace(
            visit,
            state=VisitState.CHECKED_IN if checked_in else visit.state,
            starts_at=starts_at,
            location_id=appointment.location.location_id if appointment.location else "",
            coverage_ids=tuple(coverage.coverage_id for coverage in appointment.coverages),
            verified_on=self._now.date()
            if set(outcomes) & {"verified", "changed"}
            else visit.verified_on,
            estimate=self._estimate(appointment),
            problems=tuple(
                f"{problem.path}: {problem.expected}" for problem in appointment.problems
            )
            + tuple(f"{code.table}: {code.where}" for code in appointment.unmapped),
        )
        works = tuple(self._visit_works(planned))
        self._commit(
            planned,
            "checked_in" if checked_in else "booked",
            also=works,
            events=tuple(map(opened, works)),
        )
        return self._worst(outcomes)

    def update_insurance(self) -> dict[str, object]:
        """Registration says the insurance changed; an older change that comes late changes nothing."""
        bundle = self._bundle()
        mapping = self._ports.rule_sets.active("mapping", mapping_tables)
        patient = patient_from_bundle(bundle, self._command.patient_id)
        reading = coverages_from_bundle(bundle, self._command.patient_id, mapping)
        if patient is None:
            return {"outcome": "not_found"}
        outcomes = []
        for coverage in reading.coverages:
            known = self._records.get(KnownCoverage, KnownCoverage.key_of(coverage.coverage_id))
            if coverage.payer.kind is PayerKind.SELF_PAY:
                continue
            if known and known.resource_version >= self._command.resource_version:
                outcomes.append("unchanged")
                continue
            visit_on = known.visit_on if known else self._now.date()
            starts_at = datetime.combine(visit_on, datetime.min.time(), UTC)
            asked = _Asked(patient, coverage, known.provider if known else None)
            outcomes.append(self._verify(asked, starts_at, changed_at=self._now))
        return self._worst(outcomes)

    def recheck(self) -> dict[str, object]:
        """The schedule, or a denial, wants a coverage asked about once more."""
        known = self._records.get(KnownCoverage, KnownCoverage.key_of(self._command.coverage_id))
        if known is None:
            return {"outcome": "not_found"}
        starts_at = datetime.combine(known.visit_on, datetime.min.time(), UTC)
        asked = _Asked(known.patient, known.coverage, known.provider)
        return self._worst([self._verify(asked, starts_at, forced=True)])

    # One coverage -----------------------------------------------------------------------------

    def _verify(
        self,
        asked: "_Asked",
        starts_at: datetime,
        *,
        changed_at: datetime | None = None,
        forced: bool = False,
    ) -> str:
        coverage = asked.coverage
        policy = self._policies.of(coverage.payer.payer_id)
        known = self._known(asked, starts_at.date(), changed_at)
        if policy is None:
            self._note_missing_policy(known)
            return "unavailable"
        if (
            not forced
            and known.result
            and self._is_fresh(known, known.result, policy, starts_at.date())
        ):
            return "unchanged"
        inquiry = Inquiry(
            patient=asked.patient,
            coverage=coverage,
            provider=asked.provider,
            service_on=starts_at.date(),
        )
        try:
            result = self._ask(inquiry, policy)
        except ClearinghouseUnavailableError as silence:
            return self._note_unavailable(known, silence.detail)
        if result.is_transient_failure:
            return self._note_unavailable(known, ",".join(error.code for error in result.errors))
        return self._note_answer(known, result, policy, starts_at)

    def _known(self, asked: "_Asked", visit_on: date, changed_at: datetime | None) -> KnownCoverage:
        coverage = asked.coverage
        known = self._records.get(KnownCoverage, KnownCoverage.key_of(coverage.coverage_id))
        fresh = known or KnownCoverage(
            coverage_id=coverage.coverage_id,
            patient=asked.patient,
            coverage=coverage,
            provider=asked.provider,
            visit_on=visit_on,
        )
        return replace(
            fresh,
            patient=asked.patient,
            coverage=coverage,
            provider=asked.provider or fresh.provider,
            visit_on=visit_on,
            appointment_id=self._command.appointment_id or fresh.appointment_id,
            changed_at=changed_at or fresh.changed_at,
            resource_version=max(self._command.resource_version, fresh.resource_version),
        )

    def _is_fresh(
        self, known: KnownCoverage, result: EligibilityResult, policy: PayerPolicy, service_on: date
    ) -> bool:
        return cache_is_fresh(
            result,
            ttl_hours=policy.eligibility_ttl_hours,
            now=self._now,
            service_date=service_on,
            last_coverage_event_at=known.changed_at,
        )

    def _ask(self, inquiry: Inquiry, policy: PayerPolicy) -> EligibilityResult:
        clearinghouse = self._ports.clearinghouse
        number = self._ports.control_numbers.next()
        numbers = WireNumbers(interchange=number, group=number, transaction=1)
        body = write_inquiry(
            inquiry, policy=policy, numbers=numbers, partner=clearinghouse.partner, at=self._now
        )
        return read_answer(clearinghouse.check_eligibility(body), inquiry, at=self._now)

    def _note_answer(
        self,
        known: KnownCoverage,
        result: EligibilityResult,
        policy: PayerPolicy,
        starts_at: datetime,
    ) -> str:
        changes = coverage_changed(known.result, result) if known.result else ()
        alerts = tuple(change for change in changes if change.needs_alert)
        recheck_at = starts_at - timedelta(hours=policy.recheck_hours_before)
        due = recheck_at > self._now
        answered = replace(
            known,
            result=result,
            checked_at=self._now,
            checks=known.checks + 1,
            unavailable_since=None,
            due_kind=RECHECK if due else "",
            due_at=recheck_at if due else None,
        )
        solved = tuple(
            item.resolved(at=self._now, by=STEP, resolution="payer_answered")
            for item in open_items_about(self._records, known.subject)
            if item.reason == "eligibility_unavailable"
        )
        works = tuple(self._works(answered, result, alerts))
        events = (
            self._verified(answered, result),
            *((self._changed(answered, alerts),) if alerts else ()),
            *map(opened, works),
            *(resolved(item, item.resolution) for item in solved),
        )
        self._commit(
            answered,
            f"coverage_{result.state}",
            also=(*works, *solved),
            events=events,
            facts={
                "payer": result.payer_id,
                "match_quality": result.match_quality.name.lower(),
                "corrected_fields": result.corrected_fields,
                "error_codes": tuple(error.code for error in result.errors),
                "changes": tuple(
                    f"{change.kind}:{change.before}->{change.after}" for change in alerts
                ),
            },
        )
        return "changed" if alerts else "verified"

    def _note_unavailable(self, known: KnownCoverage, why: str) -> str:
        recheck_at = self._now + RETRY_AFTER
        marked = replace(
            known,
            unavailable_since=known.unavailable_since or self._now,
            due_kind=RECHECK,
            due_at=recheck_at,
        )
        work = open_work_item(
            queue=Queue.FRONT_DESK,
            reason="eligibility_unavailable",
            about=known.subject,
            recommended_action="tell the patient that coverage could not be checked; it is checked again by itself",
            at=self._now,
            payer_id=known.coverage.payer.payer_id,
            occurrence=marked.unavailable_since.isoformat() if marked.unavailable_since else "",
        )
        is_new = self._records.get(WorkItem, work.key) is None
        event = OutboundEvent(
            "eligibility.unavailable",
            {
                "coverage_id": known.coverage_id,
                "payer_id": known.coverage.payer.payer_id,
                "recheck_at": recheck_at.isoformat(),
                "appointment_id": known.appointment_id,
            },
        )
        self._commit(
            marked,
            "payer_unavailable",
            also=(work,) if is_new else (),
            events=(event, *((opened(work),) if is_new else ())),
            facts={"why": why},
        )
        return "unavailable"

    def _note_missing_policy(self, known: KnownCoverage) -> None:
        work = open_work_item(
            queue=Queue.BILLING,
            reason="payer_policy_missing",
            about=known.subject,
            recommended_action="write a policy for this payer; its coverages can't be checked before",
            at=self._now,
            payer_id=known.coverage.payer.payer_id,
        )
        if self._records.get(WorkItem, work.key) is None:
            self._commit(known, "payer_policy_missing", also=(work,), events=(opened(work),))

    def _works(
        self, known: KnownCoverage, result: EligibilityResult, alerts: tuple[Change, ...]
    ) -> Iterable[WorkItem]:
        def item(queue: Queue, reason: str, action: str, fields: tuple[str, ...]) -> WorkItem:
            return open_work_item(
                queue=queue,
                reason=reason,
                about=known.subject,
                recommended_action=action,
                at=self._now,
                due_days=1,
                fields=fields,
                payer_id=result.payer_id,
                occurrence=str(known.checks),
            )

        for error_class in dict.fromkeys(error.error_class for error in result.errors):
            queue, action = _ERROR_QUEUES.get(error_class, _ERROR_QUEUES[PayerErrorClass.OTHER])
            codes = tuple(
                f"AAA:{error.code}" for error in result.errors if error.error_class is error_class
            )
            yield item(queue, f"eligibility_error_{error_class}", action, codes)
        if alerts:
            action = "compare with the card; update the registration before the visit closes"
            changes = tuple(
                f"{change.kind}: {change.before} -> {change.after}" for change in alerts
            )
            yield item(Queue.FRONT_DESK, "coverage_changed", action, changes)
        elif result.state is CoverageState.INACTIVE:
            action = "ask the patient for other insurance before the visit"
            yield item(Queue.FRONT_DESK, "coverage_inactive", action, ("coverage",))

    def _verified(self, known: KnownCoverage, result: EligibilityResult) -> OutboundEvent:
        return OutboundEvent(
            "eligibility.verified",
            {
                "coverage_id": known.coverage_id,
                "payer_id": result.payer_id,
                "coverage_state": result.state,
                "match_quality": result.match_quality.name.lower(),
                "appointment_id": known.appointment_id,
            },
        )

    def _changed(self, known: KnownCoverage, alerts: tuple[Change, ...]) -> OutboundEvent:
        return OutboundEvent(
            "coverage.changed",
            {
                "coverage_id": known.coverage_id,
                "payer_id": known.coverage.payer.payer_id,
                "changes": tuple(change.kind for change in alerts),
                "appointment_id": known.appointment_id,
            },
        )

    # The visit --------------------------------------------------------------------------------

    def _estimate(self, appointment: Appointment) -> PatientEstimate | None:
        """From the primary coverage's answer and what its contract allows."""
        primary = next(iter(appointment.coverages), None)
        known = (
            self._records.get(KnownCoverage, KnownCoverage.key_of(primary.coverage_id))
            if primary
            else None
        )
        if primary is None or known is None or known.result is None:
            return None
        policy = self._policies.of(primary.payer.payer_id)
        on = (appointment.starts_at or self._now).date()
        charges = tuple(
            EstimateCharge(
                line_id=str(position),
                charge_cents=service.charge_cents,
                allowed_cents=policy.expected_allowed_cents(
                    Charge(
                        line_id=str(position),
                        procedure=service.procedure,
                        charge_cents=service.charge_cents,
                        units=service.units,
                        service_date=on,
                    )
                )
                if policy
                else None,
            )
            for position, service in enumerate(appointment.planned, start=1)
        )
        return estimate(known.result, charges)

    def _visit_works(self, visit: Visit) -> Iterable[WorkItem]:
        if visit.problems:
            work = open_work_item(
                queue=Queue.FRONT_DESK,
                reason="registration_incomplete",
                about=visit.subject,
                recommended_action="complete the registration; the visit can't be checked as it is",
                at=self._now,
                due_days=1,
                fields=visit.problems[:10],
            )
            if self._records.get(WorkItem, work.key) is None:
                yield work

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

    def _worst(self, outcomes: list[str]) -> dict[str, object]:
        return {"outcome": max(outcomes, key=_WORST_LAST.index, default="not_found")}

    def _commit(
        self,
        root: Aggregate,
        decision: str,
        *,
        also: tuple[Aggregate, ...] = (),
        events: tuple[OutboundEvent, ...] = (),
        facts: dict[str, str | int | bool | tuple[str, ...]] | None = None,
    ) -> None:
        self._records.commit(
            Commit(
                step=STEP,
                cause=self._cause,
                actor=Actor(STEP),
                at=self._now,
                root=root,
                decision=decision,
                facts=facts or {},
                also=also,
                events=events,
            )
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whose coverage is asked about, and in whose name."""

    patient: Patient
    coverage: Coverage
    provider: Provider | None
