"""Post one payer's answer (CLP): to its claim, or aside until a person says whose it is.

Shared by the step that posts a batch and by the people's tool that places what was set aside.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import BEFORE_SUBMISSION, ClaimState
from functions.billing.domain.commit import Actor, Aggregate, Cause, Commit, OutboundEvent, Record
from functions.billing.domain.denials.case import DenialCase, DenialState
from functions.billing.domain.eligibility.allowed import allowed_samples
from functions.billing.domain.errors import ForbiddenTransitionError, RecordNotFoundError
from functions.billing.domain.ledger.balances import claim_balance
from functions.billing.domain.ledger.postings import Posting
from functions.billing.domain.remittance.adjustments import AdjustmentJudge
from functions.billing.domain.remittance.matching import (
    ClaimMatch,
    MatchBasis,
    UnmatchedCause,
    match_claim,
)
from functions.billing.domain.remittance.payments import AsideAnswer, PostedAnswer, Remittance
from functions.billing.domain.remittance.post import (
    ExceptionCode,
    PostingPlan,
    PostingState,
    Standing,
    matched_posting,
    occurrence_of,
    plan_claim_posting,
    standing_of,
    unmatched_posting,
)
from functions.billing.domain.remittance.reconcile import (
    OutcomeAction,
    OutcomeKind,
    ReconcilePolicy,
)
from functions.billing.domain.remittance.records import RemittedClaim
from functions.billing.domain.remittance.review import ReviewCause, cause_to_review
from functions.billing.domain.rules.automation import automation_policy
from functions.billing.domain.rules.policy import payer_policies
from functions.billing.domain.submission.attempt import AttemptState, Pointer
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.ports import Records, RuleSets
from functions.billing.usecases.candidates import (
    PAYER_CLAIM_CONTROL_NUMBER,
    Candidate,
    Candidates,
)
from functions.billing.usecases.denied import denials_in
from functions.billing.usecases.events import claim_event, opened, patient_balance_changed, resolved
from functions.billing.usecases.judging import adjustment_judge
from functions.billing.usecases.postings import StoredPosting, postings_under
from functions.billing.usecases.sending import newest_attempt
from functions.billing.usecases.work import ended_silence, not_yet_known, open_items_about

STEP = "post_remittance"
NO_LONGER_DENIED, PAID_AFTER_CORRECTION = "no_longer_denied", "paid_after_correction"

# What a person must look at, by the posting's exception, and what they should do.
_EXCEPTION_ACTIONS = {
    ExceptionCode.DUPLICATE_PAYMENT: "compare both payments; refund the payer or wait for the takeback",
    ExceptionCode.CORRECTION_BEFORE_REVERSAL: "wait for the reversal; ask the payer when it does not come",
    ExceptionCode.REVERSAL_WITHOUT_ORIGINAL: "find the payment it reverses, or ask the payer for it",
    ExceptionCode.REVERSAL_DIFFERS_FROM_ORIGINAL: "compare the reversal with the original answer",
    ExceptionCode.CHARGE_DIFFERS: "compare the charge billed with the charge the payer answered for",
    ExceptionCode.LINE_NOT_OURS: "find the line the payer answered for; it was not billed on this claim",
    ExceptionCode.PROCEDURE_CHANGED_BY_PAYER: "review the down-coding; appeal when the record supports the code billed",
    ExceptionCode.PATIENT_SHARE_DIFFERS: "trust the adjustments; report the difference to the payer",
    ExceptionCode.PROCESSED_IN_OTHER_ORDER: "check which payer comes first",
    ExceptionCode.PAYMENT_WITHOUT_MONEY_STATUS: "ask the payer why a claim status without payment carries money",
    ExceptionCode.CREDIT_BALANCE: "find whom the credit belongs to; refund it, or apply it to what is open",
}


# Parts of an answer that a person looks at, and how; denials and duplicates have their own ways.
_INVESTIGATED = {
    OutcomeKind.UNDERPAYMENT: "compare with the contract named; ask the payer for the difference",
    OutcomeKind.PARTIAL_PAYMENT: "ask the payer when the rest is decided; it is neither denied nor adjusted",
    OutcomeKind.OVERPAYMENT: "compare with the contract; refund what was paid too much",
    OutcomeKind.NOT_FINAL: "the payer has not decided yet; ask for the claim's status (276)",
    OutcomeKind.PATIENT_RESPONSIBILITY: "the payer says the patient may not be billed; check why",
}


# Why an answer is set aside, and what a person should do.
_ASIDE_ACTIONS: dict[UnmatchedCause | ReviewCause, str] = {
    UnmatchedCause.NO_CLAIM_FOUND: "find the claim this answer belongs to, or send the money back",
    UnmatchedCause.SEVERAL_CLAIMS_FIT: "say which of the claims that fit is meant",
    UnmatchedCause.CONTROL_NUMBERS_DISAGREE: "its numbers lead to different claims: ask the payer which is meant",
    UnmatchedCause.ONLY_A_WEAK_MATCH: "compare with the claim proposed and assign it, or find another",
    ReviewCause.EVERY_ANSWER: "compare with the claim proposed and post it",
    ReviewCause.DIFFERENCES: "it differs from what was expected: look, then post it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where an answer stands in its file, for whoever must read it again: its batch and its bytes."""

    first_ordinal: int
    start_byte: int = 0
    end_byte: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A person's word that an answer set aside belongs to a claim."""

    aside: AsideAnswer
    actor: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """Who places an answer, by what, and what is written with its postings."""

    matched_by: MatchBasis
    actor: Actor
    reason: str = ""
    new: tuple[Record, ...] = ()
    also: tuple[Aggregate, ...] = ()


class AnswerPosting:
    """The answers of one payment, posted one after the other, each in its own transaction."""

    def __init__(
        self,
        *,
        remittance: Remittance,
        step: str,
        cause: Cause,
        records: Records,
        rule_sets: RuleSets,
        now: datetime,
    ) -> None:
        self._remittance = remittance
        self._step = step
        self._cause = cause
        self._records = records
        self._now = now
        self._policies = rule_sets.active("payer_policies", payer_policies)
        self._judge: AdjustmentJudge = rule_sets.active("denials", adjustment_judge)
        self._automation = rule_sets.active("automation", automation_policy)
        self._candidates = Candidates(records, self._policies, now)

    def post(self, remitted: RemittedClaim, placed: Placed) -> PostedAnswer:
        """Post an answer to the claim its numbers lead to, or set it aside for a person."""
        header = self._remittance.header
        candidates = self._candidates.of(remitted, header.payer_identifier)
        match = match_claim(remitted, [one.snapshot for one in candidates.values()])
        if match.cause:
            return self._set_aside(remitted, placed, match, match.cause)
        ours = candidates[match.claim_id]
        plan = self._plan(remitted, ours)
        mode = self._automation.mode(STEP, ours.claim.payer_id, ours.claim.location_id)
        cause = cause_to_review(plan, mode)
        if cause:
            return self._set_aside(remitted, placed, match, cause)
        works = self._works(ours.claim, plan)
        answer = PostedAnswer(
            remittance_id=self._remittance.remittance_id,
            first_ordinal=placed.first_ordinal,
            ordinal=remitted.ordinal,
            state=plan.state,
            posted_cents=plan.posted_cents,
            is_touched=bool(works),
            claim_id=match.claim_id,
            basis=match.basis,
            confidence=match.confidence,
        )
        change = _Change(matched_by=match.basis, actor=Actor(self._step), new=(answer,))
        self._commit(remitted, ours, plan, change)
        return answer

    def assign(self, remitted: RemittedClaim, claim_id: str, decision: Decision) -> None:
        """Post an answer that was set aside to the claim a person names; its cash leaves the unapplied.

        Raises
        ------
        RecordNotFoundError
            If there is no such claim.
        ForbiddenTransitionError
            If the claim's ledger already holds this answer.
        """
        ours = self._candidates.claim(claim_id)
        if ours is None:
            raise RecordNotFoundError("claim_not_found", subject=f"claim:{claim_id}")
        plan = self._plan(remitted, ours)
        if plan.state in {PostingState.ALREADY_POSTED, PostingState.DUPLICATE_REMITTANCE}:
            raise ForbiddenTransitionError(
                "answer_already_posted",
                subject=decision.aside.subject,
                detail=f"claim {claim_id} already holds it ({plan.state})",
            )
        applied = replace(decision.aside, claim_id=claim_id, decided_by=decision.actor)
        self._commit(
            remitted,
            ours,
            plan,
            _Change(
                matched_by=MatchBasis.A_PERSON,
                actor=Actor(decision.actor, is_person=True),
                reason=decision.reason,
                new=(self._applied(decision.aside),),
                also=(applied, *self._decided(decision)),
            ),
        )

    def _plan(self, remitted: RemittedClaim, ours: Candidate) -> PostingPlan:
        policy = self._policies.of(ours.claim.payer_id)
        return plan_claim_posting(
            remitted,
            self._remittance.header,
            ours.snapshot,
            ours.prior,
            judge=self._judge,
            posted_on=self._now.date(),
            policy=ReconcilePolicy(tolerance_cents=policy.tolerance_cents) if policy else None,
        )

    def _commit(
        self,
        remitted: RemittedClaim,
        ours: Candidate,
        plan: PostingPlan,
        change: _Change,
    ) -> None:
        claim = ours.claim
        standing = standing_of((*ours.prior, *plan.postings))
        denials = self._new_denials(remitted, ours, plan, standing)
        works = (*self._works(claim, plan), *self._unpriced(claim, plan))
        after = self._after(remitted, claim, plan, ours.prior)
        ended = (
            ended_silence(self._records, claim, at=self._now, by=self._step)
            if after.state is not claim.state
            else ()
        )
        done = (*ended, *(item for item in change.also if isinstance(item, WorkItem)))
        self._records.commit(
            Commit(
                step=self._step,
                cause=self._cause,
                actor=change.actor,
                at=self._now,
                root=after,
                decision=f"posted_{plan.adjudication.word}"
                if plan.state is PostingState.POSTED
                else plan.state,
                facts={
                    "remittance_id": self._remittance.remittance_id,
                    "clp_ordinal": remitted.ordinal,
                    "claim_status": remitted.claim_status,
                    "paid_cents": remitted.paid_cents,
                    "patient_cents": plan.adjudication.patient_cents,
                    "contractual_cents": plan.adjudication.contractual_cents,
                    "denied_cents": plan.adjudication.denied_cents,
                    "exceptions": tuple(exception.code for exception in plan.exceptions),
                    "matched_by": change.matched_by,
                    **({"reason": change.reason} if change.reason else {}),
                },
                new=(
                    *((ours.charge,) if ours.charge else ()),
                    *StoredPosting.packed(plan.postings),
                    *allowed_samples(ours.snapshot, plan.postings, answered_at=self._now),
                    *self._payer_number(remitted, after, claim),
                    *change.new,
                ),
                also=(
                    *denials,
                    *works,
                    *ended,
                    *change.also,
                    *self._settled_attempt(claim),
                    *self._recovered(claim, standing, denials),
                ),
                events=(
                    *(_received(after, denial) for denial in denials),
                    *map(opened, works),
                    *(resolved(item, item.resolution) for item in done),
                    *_next_payer_due(after, plan),
                    *patient_balance_changed(after, ours.prior, (*ours.prior, *plan.postings)),
                ),
            )
        )

    def _decided(self, decision: Decision) -> tuple[WorkItem, ...]:
        """The work that asked for the decision, resolved."""
        return tuple(
            item.resolved(at=self._now, by=decision.actor, resolution="assigned_to_a_claim")
            for item in open_items_about(self._records, decision.aside.subject)
        )

    def _applied(self, aside: AsideAnswer) -> StoredPosting:
        """The cash taken back out of the unapplied; the claim's own postings book it anew."""
        partition = aside.key.partition
        key = f"{occurrence_of(self._remittance.header, aside.ordinal)}|unmatched"
        unmatched = next(one for one in postings_under(self._records, partition) if one.key == key)
        posting = matched_posting(unmatched, posted_on=self._now.date())
        return StoredPosting(partition=partition, posting=posting)

    def _after(
        self, remitted: RemittedClaim, claim: Claim, plan: PostingPlan, prior: tuple[Posting, ...]
    ) -> Claim:
        """Where the answer leaves the claim. Money is posted in any state; only what was sent can move."""
        number = remitted.payer_claim_control_number or claim.payer_claim_control_number
        claim = replace(claim, payer_claim_control_number=number)
        if plan.state in {PostingState.NO_MONEY, PostingState.DUPLICATE_REMITTANCE}:
            return claim
        claim = replace(
            claim,
            adjudication=plan.adjudication.word,
            first_remitted_at=claim.first_remitted_at or self._now,
            first_pass_denied=claim.first_pass_denied or plan.adjudication.is_first_pass_denial,
        )
        if claim.state in BEFORE_SUBMISSION | {ClaimState.VOID}:
            return claim
        settled = claim_balance(claim.claim_id, (*prior, *plan.postings)).is_settled
        return claim.moved(
            ClaimState.CLOSED if settled else ClaimState.ADJUDICATED,
            closed_at=self._now if settled else None,
            submitted_at=claim.submitted_at or self._now,
            accepted_at=claim.accepted_at or self._now,
            due_kind="",
            due_at=None,
        )

    def _payer_number(
        self, remitted: RemittedClaim, after: Claim, before: Claim
    ) -> tuple[Pointer, ...]:
        if after.payer_claim_control_number == before.payer_claim_control_number:
            return ()
        payer = self._remittance.header.payer_identifier
        value = f"{payer}|{remitted.payer_claim_control_number}"
        if self._records.get(Pointer, Pointer.key_of(PAYER_CLAIM_CONTROL_NUMBER, value)):
            return ()
        return (Pointer(name=PAYER_CLAIM_CONTROL_NUMBER, value=value, target=after.claim_id),)

    def _settled_attempt(self, claim: Claim) -> Iterable[Aggregate]:
        """A remittance proves that the claim arrived, whatever the clearinghouse failed to answer."""
        if claim.state not in {ClaimState.SUBMITTING, ClaimState.OUTCOME_UNKNOWN}:
            return ()
        attempt = newest_attempt(self._records, claim)
        if attempt is None:
            return ()
        return (replace(attempt, state=AttemptState.SUBMITTED, answer_code="proven_by_remittance"),)

    def _new_denials(
        self, remitted: RemittedClaim, ours: Candidate, plan: PostingPlan, standing: Standing
    ) -> tuple[DenialCase, ...]:
        found = denials_in(
            plan,
            remitted,
            ours.prior,
            claim=ours.claim,
            claim_paid_cents=standing.paid_cents,
            at=self._now,
        )
        return tuple(case for case in found if self._records.get(DenialCase, case.key) is None)

    def _recovered(
        self, claim: Claim, standing: Standing, opened_now: tuple[DenialCase, ...]
    ) -> Iterable[DenialCase]:
        """What came on top since each earlier denial; one with nothing denied any more is resolved."""
        for listed in self._records.listed(DenialCase, f"DENIALS#{claim.claim_id}"):
            case = self._records.get(DenialCase, listed.key)
            if case is None or case.denial_id in {new.denial_id for new in opened_now}:
                continue
            recovered_cents = max(0, standing.paid_cents - case.claim_paid_cents)
            is_over = not standing.denied_cents and case.state is not DenialState.RESOLVED
            if recovered_cents == case.recovered_cents and not is_over:
                continue
            case = replace(case, recovered_cents=recovered_cents)
            if is_over:
                case = replace(
                    case,
                    state=DenialState.RESOLVED,
                    resolution=NO_LONGER_DENIED,
                    resolved_at=self._now,
                )
            # The reversal ends the denial, the correction after it pays.
            if recovered_cents and case.resolution == NO_LONGER_DENIED:
                case = replace(case, resolution=PAID_AFTER_CORRECTION)
            yield case

    def _unpriced(self, claim: Claim, plan: PostingPlan) -> tuple[WorkItem, ...]:
        """One piece of work a payer and month where lines could not be compared, however many they are."""
        cents = sum(one.amount_cents for one in plan.outcomes if one.kind is OutcomeKind.NOT_PRICED)
        if not cents:
            return ()
        work = open_work_item(
            queue=Queue.FINANCE,
            reason="contract_missing",
            about=f"payer:{claim.payer_id}",
            recommended_action="load this payer's contract; until then its payments are compared with nothing",
            at=self._now,
            due_days=14,
            payer_id=claim.payer_id,
            amount_cents=cents,
            occurrence=f"{self._now:%Y-%m}",
        )
        return not_yet_known(self._records, work)

    def _works(self, claim: Claim, plan: PostingPlan) -> tuple[WorkItem, ...]:
        return tuple(self._works_of(claim, plan))

    def _works_of(self, claim: Claim, plan: PostingPlan) -> Iterable[WorkItem]:
        for code in dict.fromkeys(exception.code for exception in plan.exceptions):
            theirs = [exception for exception in plan.exceptions if exception.code is code]
            yield self._work(
                claim,
                str(code),
                _EXCEPTION_ACTIONS[code],
                sum(each.amount_cents for each in theirs),
                plan.occurrence,
            )
        investigated = [
            outcome
            for outcome in plan.outcomes
            if outcome.action is OutcomeAction.INVESTIGATE and outcome.kind in _INVESTIGATED
        ]
        for kind in dict.fromkeys(outcome.kind for outcome in investigated):
            amount = sum(outcome.amount_cents for outcome in investigated if outcome.kind is kind)
            yield self._work(claim, str(kind), _INVESTIGATED[kind], amount, plan.occurrence)

    def _work(
        self,
        claim: Claim,
        reason: str,
        action: str,
        amount_cents: int,
        occurrence: str,
    ) -> WorkItem:
        return open_work_item(
            queue=Queue.FINANCE,
            reason=reason,
            about=claim.subject,
            recommended_action=action,
            at=self._now,
            payer_id=claim.payer_id,
            amount_cents=amount_cents,
            occurrence=occurrence,
        )

    def _set_aside(
        self,
        remitted: RemittedClaim,
        placed: Placed,
        match: ClaimMatch,
        cause: UnmatchedCause | ReviewCause,
    ) -> PostedAnswer:
        """The money is on the ledger at once; a person says which claim it belongs to."""
        header = self._remittance.header
        aside = AsideAnswer(
            remittance_id=self._remittance.remittance_id,
            ordinal=remitted.ordinal,
            cause=cause,
            paid_cents=remitted.paid_cents,
            proposed_claim_id=match.claim_id,
            start_byte=placed.start_byte,
            end_byte=placed.end_byte,
        )
        answer = PostedAnswer(
            remittance_id=self._remittance.remittance_id,
            first_ordinal=placed.first_ordinal,
            ordinal=remitted.ordinal,
            state=PostingState.SET_ASIDE,
            posted_cents=remitted.paid_cents,
            is_touched=True,
            claim_id=match.claim_id,
            basis=match.basis,
            confidence=match.confidence,
            cause=cause,
        )
        posting = unmatched_posting(remitted, header, posted_on=self._now.date())
        work = open_work_item(
            queue=Queue.FINANCE,
            reason=f"remittance_{cause}",
            about=aside.subject,
            recommended_action=_ASIDE_ACTIONS[cause],
            at=self._now,
            amount_cents=remitted.paid_cents,
            occurrence=occurrence_of(header, remitted.ordinal),
        )
        self._records.commit(
            Commit(
                step=self._step,
                cause=self._cause,
                actor=Actor(self._step),
                at=self._now,
                root=aside,
                decision=PostingState.SET_ASIDE,
                facts={"why": cause, "proposed_claim_id": match.claim_id},
                new=(answer, StoredPosting(partition=aside.key.partition, posting=posting)),
                also=(work,),
                events=(opened(work),),
            )
        )
        return answer


def _next_payer_due(claim: Claim, plan: PostingPlan) -> Iterable[OutboundEvent]:
    """What this answer leaves to a payer nobody has told; one that this payer forwarded has heard of it already."""
    amount_cents = sum(
        outcome.amount_cents
        for outcome in plan.outcomes
        if outcome.action is OutcomeAction.BILL_NEXT_PAYER
    )
    if amount_cents:
        yield claim_event("next_payer.due", claim, amount_cents=amount_cents)


def _received(claim: Claim, denial: DenialCase) -> OutboundEvent:
    return claim_event(
        "denial.received", claim, denial_id=denial.denial_id, amount_cents=denial.amount_cents
    )
