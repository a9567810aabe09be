"""Checking one coverage: ask its payer once, note what came of it, and tell those who must act.

The request is noted on the coverage before it leaves, by a conditional write; whoever loses that write joins the
other's request. What was noted falls due by itself if the run dies. A payer that cannot be reached is an outcome: the
coverage is due again or, while the payer's circuit is open, held under its name.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from functions.billing.domain.commit import Actor, Aggregate, Cause, Commit, Fact, OutboundEvent
from functions.billing.domain.eligibility.benefits import choose_benefit
from functions.billing.domain.eligibility.checks import (
    REPEAT_AFTER,
    CheckOutcome,
    EligibilityCheck,
    evidence_key_of,
    request_of,
)
from functions.billing.domain.eligibility.coverage import (
    Change,
    ChangeKind,
    advice_at_the_desk,
    advice_in_billing,
    coverage_changed,
    expires_at,
    may_stand_for,
)
from functions.billing.domain.eligibility.coverages import RECHECK, KnownCoverage, Visit
from functions.billing.domain.eligibility.rechecks import PlannedVisit, next_recheck
from functions.billing.domain.eligibility.records import (
    BenefitKind,
    BenefitPeriod,
    CoverageState,
    EligibilityResult,
)
from functions.billing.domain.eligibility.refusals import advice
from functions.billing.domain.errors import ClearinghouseUnavailableError, StaleRecordError
from functions.billing.domain.outages.circuit import held_kind
from functions.billing.domain.records import Coverage, Patient, Provider
from functions.billing.domain.rules.policy import PayerPolicies, PayerPolicy, payer_policies
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.edi.eligibility_270 import Inquiry, read_answer, write_inquiry
from functions.billing.edi.envelopes import WireNumbers
from functions.billing.ports import (
    Clearinghouse,
    Clock,
    ControlNumbers,
    Evidence,
    Intake,
    Records,
    RuleSets,
)
from functions.billing.usecases.estimating import Estimating
from functions.billing.usecases.events import opened, resolved
from functions.billing.usecases.outages import Breaker
from functions.billing.usecases.work import not_yet_known, open_items_about

FAMILY = "eligibility"
RETRY_AFTER = timedelta(minutes=5)

# A rival moves a coverage once or twice during a check; whoever still loses then lets the workflow try again.
_LOOKS_MAX = 4
_VISITS_PER_ANSWER_MAX = 10

UNAVAILABLE = "eligibility_unavailable"
CHANGED = "coverage_changed"
INACTIVE = "coverage_inactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityPorts:
    """What verifying needs of the world."""

    records: Records
    evidence: Evidence
    intake: Intake
    clearinghouse: Clearinghouse
    control_numbers: ControlNumbers
    rule_sets: RuleSets
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whose coverage is asked about, for when, and in whose name.

    `visit` is the booked visit it is asked for, if any. `invalidates`: the coverage changed, so no earlier answer
    stands. `forced`: ask even where an answer is fresh.
    """

    patient: Patient
    coverage: Coverage
    provider: Provider | None
    service_at: datetime
    visit: PlannedVisit | None = None
    resource_version: int = 0
    invalidates: bool = False
    forced: bool = False


@dataclass(slots=True, kw_only=True)
class _Sent:
    """A 270 on its way: its bytes, and the hash of what was kept of it and its answer."""

    control_number: str
    body: bytes
    sha256: str = ""


@dataclass(slots=True, kw_only=True)
class Checking:
    """The checks of one run, for one cause; `told` collects them."""

    step: str
    cause: Cause
    ports: EligibilityPorts
    told: list[EligibilityCheck] = field(default_factory=list)

    @property
    def policies(self) -> PayerPolicies:
        """The payers' policies active now."""
        return self.ports.rule_sets.active("payer_policies", payer_policies)

    def check(self, question: Question) -> str:
        """`verified`, `changed`, `unavailable`, `unchanged`, `joined` or `postponed`.

        *Joined*: the same is being asked by another run, whose answer serves both. *Postponed*: it was asked less than
        90 seconds ago, and is due as soon as it may be repeated.

        Raises
        ------
        StaleRecordError
            If rivals kept moving the coverage.
        """
        policy = self.policies.of(question.coverage.payer.payer_id)
        if policy is None:
            self._note_missing_policy(self._known(question))
            return "unavailable"
        for _ in range(_LOOKS_MAX):
            try:
                settled, known = self._before_asking(question, policy)
            except StaleRecordError:
                continue
            return settled or self._ask(known, question, policy)
        raise StaleRecordError("coverage_contended", subject=self._known(question).subject)

    def freed(self, known: KnownCoverage) -> KnownCoverage:
        """A coverage that a visit wants no more: with the next recheck of the visits left, if there are any."""
        if not known.visits:
            return replace(known, due_kind="", due_at=None)
        policy = self.policies.of(known.coverage.payer.payer_id)
        return self._due_again(known, policy) if policy else known

    # Before the call --------------------------------------------------------------------------

    def _before_asking(self, question: Question, policy: PayerPolicy) -> tuple[str, KnownCoverage]:
        """What is settled without asking, or the coverage with the request noted."""
        now = self._now
        known = self._known(question)
        day = question.service_at.date()
        request = request_of(question.patient, question.coverage, known.provider, day)
        if known.is_in_flight(now):
            return "joined", self._keep(known, "joined")
        answer = known.result
        if (
            answer
            and not question.forced
            and may_stand_for(answer, fresh_until=known.fresh_until, now=now, service_date=day)
        ):
            return "unchanged", self._keep(self._due_again(known, policy), "unchanged")
        if known.was_asked_just_now(request, now):
            return self._postponed(known)
        self._commit(known.asking(request, now), "asking")
        return "", self._again(known)

    def _postponed(self, known: KnownCoverage) -> tuple[str, KnownCoverage]:
        if known.unavailable_since or known.due_kind == held_kind(self._dependency(known)):
            return "unavailable", self._keep(known, "postponed")
        if known.fresh_until is not None:
            return "unchanged", self._keep(known, "unchanged")
        due_at = (known.asked_at or self._now) + REPEAT_AFTER
        return "postponed", self._keep(replace(known, due_kind=RECHECK, due_at=due_at), "postponed")

    def _known(self, question: Question) -> KnownCoverage:
        coverage, day = question.coverage, question.service_at.date()
        stored = self.ports.records.get(KnownCoverage, KnownCoverage.key_of(coverage.coverage_id))
        known = stored or KnownCoverage(
            coverage_id=coverage.coverage_id,
            patient=question.patient,
            coverage=coverage,
            provider=question.provider,
            visit_on=day,
        )
        known = replace(
            known,
            patient=question.patient,
            coverage=coverage,
            provider=question.provider or known.provider,
            visit_on=day,
            fresh_until=None if question.invalidates else known.fresh_until,
            resource_version=max(question.resource_version, known.resource_version),
        ).since(self._now)
        return known.expecting(question.visit) if question.visit else known

    def _keep(self, known: KnownCoverage, decision: str) -> KnownCoverage:
        """Store what the event brought, if it brought anything: a visit to be expected, new registration data."""
        stored = self.ports.records.get(KnownCoverage, known.key)
        if stored is None or replace(stored, visit_on=known.visit_on) != known:
            self._commit(known, decision)
        return known

    # The call ---------------------------------------------------------------------------------

    def _ask(self, known: KnownCoverage, question: Question, policy: PayerPolicy) -> str:
        breaker = Breaker(
            dependency=self._dependency(known),
            step=self.step,
            cause=self.cause,
            records=self.ports.records,
            clock=self.ports.clock,
        )
        admission = breaker.admit()
        if admission.is_refused:
            return self._note_silence(
                known, CheckOutcome.HELD, "circuit_open", held=True, retry_at=admission.retry_at
            )
        inquiry = Inquiry(
            patient=known.patient,
            coverage=known.coverage,
            provider=known.provider,
            service_on=question.service_at.date(),
        )
        sent = self._written(inquiry, policy)
        why = ""
        try:
            result = self._answer(inquiry, sent)
            if result.is_transient_failure:
                why = ",".join(result.codes)
        except ClearinghouseUnavailableError as silence:
            why = silence.detail or silence.code
        if why:
            circuit = breaker.failed(why)
            return self._note_silence(
                known,
                CheckOutcome.UNANSWERED,
                why,
                held=circuit.is_out,
                retry_at=circuit.due_at if circuit.is_out else None,
                sent=sent,
            )
        breaker.succeeded()
        return self._note_answer(known, result, policy, question, sent)

    def _written(self, inquiry: Inquiry, policy: PayerPolicy) -> "_Sent":
        number = self.ports.control_numbers.next()
        body = write_inquiry(
            inquiry,
            policy=policy,
            numbers=WireNumbers(interchange=number, group=number, transaction=1),
            partner=self.ports.clearinghouse.partner,
            at=self._now,
        )
        return _Sent(control_number=f"{number:09d}", body=body)

    def _answer(self, inquiry: Inquiry, sent: "_Sent") -> EligibilityResult:
        """What the payer says; the bytes of both ways are kept before anybody reads them."""
        asked_at = self._now
        answer = b""
        try:
            answer = self.ports.clearinghouse.check_eligibility(sent.body)
        finally:
            kept = self.ports.evidence.keep(
                evidence_key_of(sent.control_number),
                sent.body + answer,
                content_type="application/edi-x12",
            )
            sent.sha256 = kept.sha256
        return read_answer(answer, inquiry, at=asked_at)

    # After the call ---------------------------------------------------------------------------

    def _note_answer(
        self,
        known: KnownCoverage,
        result: EligibilityResult,
        policy: PayerPolicy,
        question: Question,
        sent: "_Sent",
    ) -> str:
        asked_of = known.resource_version
        outcome = "verified"

        def note(current: KnownCoverage) -> Commit:
            nonlocal outcome
            before = current.decision_about(result.service_date)
            changes = coverage_changed(before, result) if before else ()
            alerts = tuple(change for change in changes if change.needs_alert)
            outcome = "changed" if alerts else "verified"
            freshness = policy.freshness_of(in_grace_period=result.in_grace_period)
            answered = self._answered(
                current, result, policy, expires_at(result, freshness.ttl_hours)
            )
            if current.resource_version > asked_of:
                # The coverage changed while the payer was thinking: the answer is about what it was before.
                due_at = self._now + REPEAT_AFTER
                answered = replace(answered, fresh_until=None, due_kind=RECHECK, due_at=due_at)
            works = not_yet_known(
                self.ports.records, *self._works(answered, result, alerts, before)
            )
            solved = self._solved(answered, result)
            visits = self._renewed(answered, result, alerts, solved, question)
            check = self._check_told(
                answered,
                CheckOutcome.ANSWERED,
                result.codes,
                sent,
                result=result,
                changes=changes,
                visits=visits,
            )
            return self._commit_of(
                answered,
                f"coverage_{result.state}",
                check,
                also=(*works, *solved, *visits),
                events=(
                    self._verified(answered, result),
                    *((self._changed(answered, alerts),) if alerts else ()),
                    *map(opened, works),
                    *(resolved(item, item.resolution) for item in solved),
                ),
                facts={
                    "payer": result.payer_id,
                    "match_quality": result.match_quality.name.lower(),
                    "corrected_fields": result.corrected_fields,
                    "codes": result.codes,
                    "changes": tuple(change.kind for change in alerts),
                },
            )

        self._note(known, note)
        return outcome

    def _answered(
        self,
        known: KnownCoverage,
        result: EligibilityResult,
        policy: PayerPolicy,
        fresh_until: datetime,
    ) -> KnownCoverage:
        answered = replace(
            known.answered(result, fresh_until), is_asking=False, checks=known.checks + 1
        )
        again = [each.ask_again_after for each in advice(result.errors) if each.ask_again_after]
        wanted = self._now + min(again) if again else None
        return self._due_again(answered, policy, at_the_latest=wanted)

    def _due_again(
        self, known: KnownCoverage, policy: PayerPolicy, *, at_the_latest: datetime | None = None
    ) -> KnownCoverage:
        """With its next recheck, by the payer's policy for the class of coverage the newest answer shows.

        What waits for its payer to answer at all goes on waiting for that.
        """
        if known.unavailable_since:
            return known
        newest = known.result
        freshness = policy.freshness_of(in_grace_period=bool(newest and newest.in_grace_period))
        planned = next_recheck(
            known.visits,
            hours_before=freshness.recheck_hours_before,
            answered_at=newest.checked_at if newest else None,
            now=self._now,
        )
        due_at = min((one for one in (planned, at_the_latest) if one), default=None)
        return replace(known, due_kind=RECHECK if due_at else "", due_at=due_at)

    def _note_silence(
        self,
        known: KnownCoverage,
        outcome: CheckOutcome,
        why: str,
        *,
        held: bool,
        retry_at: datetime | None,
        sent: "_Sent | None" = None,
    ) -> str:
        """The payer did not answer, or was not asked because it does not: whom it concerns is told at once."""
        recheck_at = retry_at or self._now + RETRY_AFTER

        def note(current: KnownCoverage) -> Commit:
            now = self._now
            marked = replace(
                current,
                is_asking=False,
                checks=current.checks + 1,
                unavailable_since=current.unavailable_since or now,
                due_kind=held_kind(self._dependency(current)) if held else RECHECK,
                due_at=current.needed_at(now) if held else recheck_at,
            )
            work = open_work_item(
                queue=Queue.FRONT_DESK,
                reason=UNAVAILABLE,
                about=marked.subject,
                recommended_action="tell the patient that coverage could not be checked; it is checked again by itself",
                at=now,
                payer_id=marked.coverage.payer.payer_id,
                occurrence=marked.unavailable_since.isoformat() if marked.unavailable_since else "",
            )
            works = not_yet_known(self.ports.records, work)
            event = OutboundEvent(
                "eligibility.unavailable",
                {
                    "coverage_id": marked.coverage_id,
                    "payer_id": marked.coverage.payer.payer_id,
                    "recheck_at": recheck_at.isoformat(),
                    "appointment_id": marked.appointment_id,
                },
            )
            return self._commit_of(
                marked,
                "payer_unavailable",
                self._check_told(marked, outcome, (why,), sent),
                also=works,
                events=(event, *map(opened, works)),
                facts={"why": why, "held": held},
            )

        self._note(known, note)
        return "unavailable"

    def _note(self, known: KnownCoverage, note: Callable[[KnownCoverage], Commit]) -> None:
        """Store the outcome upon the coverage as it is now: what moved it meanwhile must not lose the answer."""
        for look in range(1, _LOOKS_MAX + 1):
            try:
                commit = note(known)
                self.ports.records.commit(commit)
            except StaleRecordError:
                if look == _LOOKS_MAX:
                    raise
                known = self._again(known)
                continue
            self.told.extend(each for each in commit.new if isinstance(each, EligibilityCheck))
            return

    def _check_told(
        self,
        known: KnownCoverage,
        outcome: CheckOutcome,
        codes: tuple[str, ...],
        sent: "_Sent | None",
        *,
        result: EligibilityResult | None = None,
        changes: tuple[Change, ...] = (),
        visits: tuple[Visit, ...] = (),
    ) -> EligibilityCheck:
        check = EligibilityCheck(
            coverage_id=known.coverage_id,
            number=known.checks,
            cause_id=self.cause.cause_id,
            cause_type=self.cause.cause_type,
            payer_id=known.coverage.payer.payer_id,
            service_on=known.visit_on,
            asked_at=known.asked_at or self._now,
            answered_at=self._now,
            outcome=outcome,
            appointment_id=known.appointment_id,
            codes=codes,
            policy_version=self.policies.version,
            control_number=sent.control_number if sent else "",
            evidence_sha256=sent.sha256 if sent else "",
        )
        if result is None:
            return check
        return replace(
            check,
            state=result.state,
            reason=result.reason,
            match_quality=result.match_quality,
            corrected_fields=result.corrected_fields,
            deductible_remaining_cents=_stated_cents(
                result, BenefitKind.DEDUCTIBLE, BenefitPeriod.REMAINING
            ),
            copay_cents=_stated_cents(result, BenefitKind.COPAY),
            authorization_required=result.authorization_required,
            other_payers=len(result.other_payers),
            changes=changes,
            estimates_updated=tuple(visit.appointment_id for visit in visits),
            fresh_until=known.fresh_until,
        )

    # Those who must act -----------------------------------------------------------------------

    def _works(
        self,
        known: KnownCoverage,
        result: EligibilityResult,
        alerts: tuple[Change, ...],
        before: EligibilityResult | None,
    ) -> Iterable[WorkItem]:
        def item(
            queue: Queue, reason: str, action: str, fields: tuple[str, ...], occurrence: str
        ) -> WorkItem:
            return open_work_item(
                queue=queue,
                reason=reason,
                about=known.subject,
                recommended_action=action,
                at=self._now,
                due_days=1,
                fields=fields,
                payer_id=result.payer_id,
                occurrence=occurrence,
            )

        month = f"{result.service_date:%Y-%m}"
        for each in advice(result.errors):
            reason = f"eligibility_error_{each.error_class}"
            occurrence = ",".join((month, *each.codes))
            yield item(each.queue, reason, each.action, each.codes, occurrence)
        pressing = tuple(change for change in alerts if not change.is_recovery)
        if pressing:
            told = tuple(change.in_words for change in pressing)
            desk, billing = advice_at_the_desk(pressing), advice_in_billing(pressing)
            yield item(Queue.FRONT_DESK, CHANGED, desk, told, str(known.checks))
            yield item(Queue.BILLING, CHANGED, billing, told, str(known.checks))
        elif result.state is CoverageState.INACTIVE and not (
            before and before.state is result.state
        ):
            action = "ask the patient for other insurance before the visit"
            yield item(Queue.FRONT_DESK, INACTIVE, action, ("coverage",), month)

    def _solved(self, known: KnownCoverage, result: EligibilityResult) -> tuple[WorkItem, ...]:
        """What an answer ends: silence always; what was wrong once the payer says active and nothing else."""
        is_well = result.state is CoverageState.ACTIVE and not result.errors
        has_new_card = self.cause.cause_type == "insurance.updated"

        def resolution(item: WorkItem) -> str:
            if item.reason == UNAVAILABLE:
                return "payer_answered"
            if not is_well:
                return ""
            if item.reason == INACTIVE or item.reason.startswith("eligibility_error_"):
                return "coverage_active"
            was_lapse = any(
                text.startswith(ChangeKind.COVERAGE_STATE.in_words) for text in item.fields
            )
            if item.reason == CHANGED and (has_new_card or was_lapse):
                return "registration_updated" if has_new_card else "coverage_active"
            return ""

        return tuple(
            item.resolved(at=self._now, by=self.step, resolution=word)
            for item in open_items_about(self.ports.records, known.subject)
            if (word := resolution(item))
        )

    def _renewed(
        self,
        known: KnownCoverage,
        result: EligibilityResult,
        alerts: tuple[Change, ...],
        solved: tuple[WorkItem, ...],
        question: Question,
    ) -> tuple[Visit, ...]:
        """The booked visits the answer speaks for, with a new estimate and what to watch out for.

        The visit being booked or checked in right now is not among them: its own step writes it.
        """
        estimating = Estimating(self.ports.records, self.policies)
        own = question.visit.appointment_id if question.visit else ""
        concerned = [one for one in known.visits if result.is_about_month_of(one.starts_at.date())]
        renewed = []
        for planned in concerned[:_VISITS_PER_ANSWER_MAX]:
            key = Visit.key_of(planned.appointment_id)
            visit = None if planned.appointment_id == own else self.ports.records.get(Visit, key)
            if visit is None:
                continue
            after = visit.hearing(alerts, is_settled=bool(solved)).verified(visit.day_of(self._now))
            if visit.is_first_payer(known.coverage_id):
                after = replace(after, estimate=estimating.of_visit(after, known.coverage, result))
            if after != visit:
                renewed.append(after)
        return tuple(renewed)

    def _note_missing_policy(self, known: KnownCoverage) -> None:
        work = open_work_item(
            queue=Queue.BILLING,
            reason="payer_policy_missing",
            about=known.subject,
            recommended_action="write a policy for this payer; its coverages can't be checked before",
            at=self._now,
            payer_id=known.coverage.payer.payer_id,
        )
        if self.ports.records.get(WorkItem, work.key) is None:
            self._commit(known, "payer_policy_missing", also=(work,), events=(opened(work),))

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

    # Storing ----------------------------------------------------------------------------------

    @property
    def _now(self) -> datetime:
        return self.ports.clock.now()

    def _dependency(self, known: KnownCoverage) -> str:
        return f"{FAMILY}:{known.coverage.payer.payer_id}"

    def _again(self, known: KnownCoverage) -> KnownCoverage:
        """The coverage as it is stored now."""
        stored = self.ports.records.get(KnownCoverage, known.key)
        return stored or known

    def _commit_of(
        self,
        root: KnownCoverage,
        decision: str,
        check: EligibilityCheck,
        *,
        also: tuple[Aggregate, ...],
        events: tuple[OutboundEvent, ...],
        facts: dict[str, Fact],
    ) -> Commit:
        return Commit(
            step=self.step,
            cause=self.cause,
            actor=Actor(self.step),
            at=self._now,
            root=root,
            decision=decision,
            facts={"check": check.number, **facts},
            new=(check,),
            also=also,
            events=events,
        )

    def _commit(
        self,
        root: KnownCoverage,
        decision: str,
        *,
        also: tuple[Aggregate, ...] = (),
        events: tuple[OutboundEvent, ...] = (),
    ) -> None:
        self.ports.records.commit(
            Commit(
                step=self.step,
                cause=self.cause,
                actor=Actor(self.step),
                at=self._now,
                root=root,
                decision=decision,
                also=also,
                events=events,
            )
        )


def _stated_cents(
    result: EligibilityResult, kind: BenefitKind, period: BenefitPeriod | None = None
) -> int | None:
    """What the payer stated without ambiguity."""
    found = choose_benefit(
        result.benefits, kind, service_type=result.service_type, period=period
    ).benefit
    return found.amount_cents if found else None
