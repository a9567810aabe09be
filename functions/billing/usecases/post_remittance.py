"""Post one batch of a payment's claims: each line once, in double entry, beside its claim.

Reads   the batch's byte range of the file; each claim with its content and all its postings.
Writes  postings, the claim's state, a denial case for what was denied, work for what needs a person.
Emits   denial.received, work_item.opened.
Fails   StaleRecordError (retry): what was posted before is found and passed over.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import BEFORE_SUBMISSION, ClaimState
from functions.billing.domain.claims.revisions import StoredContent
from functions.billing.domain.commit import Actor, Aggregate, Cause, Commit, OutboundEvent, Record
from functions.billing.domain.denials.case import DenialCase, DenialState
from functions.billing.domain.errors import RecordNotFoundError
from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.balances import claim_balance
from functions.billing.domain.ledger.postings import Posting
from functions.billing.domain.records import CoverageRank
from functions.billing.domain.remittance.adjustments import AdjustmentJudge
from functions.billing.domain.remittance.matching import match_claim
from functions.billing.domain.remittance.payments import PostedBatch, Remittance
from functions.billing.domain.remittance.post import (
    ExceptionCode,
    PostingPlan,
    PostingState,
    Standing,
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
from functions.billing.domain.remittance.snapshots import ClaimLineSnapshot, ClaimSnapshot
from functions.billing.domain.rules.policy import PayerPolicies, payer_policies
from functions.billing.domain.submission.attempt import AttemptState, Pointer
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.edi.remittance_835 import remitted_claim
from functions.billing.ports import Clock, Intake, Records, RuleSets
from functions.billing.usecases.charging import charge_due
from functions.billing.usecases.denied import denials_in
from functions.billing.usecases.events import claim_event, opened, resolved
from functions.billing.usecases.judging import adjustment_judge
from functions.billing.usecases.postings import StoredPosting, postings_of
from functions.billing.usecases.sending import PATIENT_CONTROL_NUMBER, newest_attempt
from functions.billing.usecases.work import ended_silence, not_yet_known
from functions.billing.x12 import Separators, parse_835_claims

STEP = "post_remittance"
PAYER_CLAIM_CONTROL_NUMBER = "PCCN"
NO_LONGER_DENIED, PAID_AFTER_CORRECTION = "no_longer_denied", "paid_after_correction"

_RANKS = {CoverageRank.PRIMARY: 1, CoverageRank.SECONDARY: 2, CoverageRank.TERTIARY: 3}

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
    ExceptionCode.RECEIVABLE_OVERPAID: "review the credit balance",
}


# Parts of an answer that a person looks at, and how; denials and duplicates have their own ways.
_INVESTIGATED = {
    OutcomeKind.PARTIAL_PAYMENT: "compare with the contract; ask the payer for the difference",
    OutcomeKind.OVERPAYMENT: "compare with the contract; refund what was paid too much",
    OutcomeKind.NOT_FINAL: "the payer has not decided yet; ask for the claim's status (276)",
    OutcomeKind.PATIENT_RESPONSIBILITY: "the payer says the patient may not be billed; check why",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRemittance:
    """Claims of one payment, by their byte range in its file."""

    remittance_id: str
    first_ordinal: int
    start_byte: int
    end_byte: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingPorts:
    """What posting needs of the world."""

    records: Records
    intake: Intake
    rule_sets: RuleSets
    clock: Clock


def post_remittance(
    command: PostRemittance, cause: Cause, ports: PostingPorts
) -> dict[str, object]:
    """`posted`, with how many claims of the batch were matched."""
    remittance = ports.records.get(Remittance, Remittance.key_of(command.remittance_id))
    if remittance is None:
        raise RecordNotFoundError(
            "remittance_not_found", subject=f"remittance:{command.remittance_id}"
        )
    known = ports.records.get(
        PostedBatch, PostedBatch.key_of(remittance.remittance_id, command.first_ordinal)
    )
    if known:
        return _outcome(known)
    content = ports.intake.fetch(
        remittance.file_key, start_byte=command.start_byte, end_byte=command.end_byte
    )
    batch = _Batch(remittance=remittance, cause=cause, ports=ports, now=ports.clock.now())
    wires = parse_835_claims(
        content,
        Separators(*remittance.separators),
        first_ordinal=command.first_ordinal,
        byte_start=command.start_byte,
        file=remittance.file_key,
        transaction=remittance.header.transaction_control_number,
    )
    results = [batch.post(remitted_claim(wire)) for wire in wires]
    posted = PostedBatch(
        remittance_id=remittance.remittance_id,
        first_ordinal=command.first_ordinal,
        claims=len(results),
        matched=sum(result.matched for result in results),
        touched=sum(result.touched for result in results),
        posted_cents=sum(result.posted_cents for result in results),
    )
    ports.records.remember(posted)
    return _outcome(posted)


def _outcome(posted: PostedBatch) -> dict[str, object]:
    return {"outcome": "posted", "claims": posted.claims, "matched": posted.matched}


@dataclass(frozen=True, slots=True)
class _Result:
    matched: bool
    touched: bool
    posted_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ours:
    """One of our claims with what posting needs of it."""

    claim: Claim
    snapshot: ClaimSnapshot
    prior: tuple[Posting, ...]
    charge: StoredPosting | None


class _Batch:
    """The claims of one batch, posted one after the other, each in its own transaction."""

    def __init__(
        self, *, remittance: Remittance, cause: Cause, ports: PostingPorts, now: datetime
    ) -> None:
        self._remittance = remittance
        self._cause = cause
        self._records = ports.records
        self._now = now
        self._policies: PayerPolicies = ports.rule_sets.active("payer_policies", payer_policies)
        self._judge: AdjustmentJudge = ports.rule_sets.active("denials", adjustment_judge)

    def post(self, remitted: RemittedClaim) -> _Result:
        """Post one answer of the payer."""
        candidates = {ours.claim.claim_id: ours for ours in self._candidates(remitted)}
        match = match_claim(remitted, [ours.snapshot for ours in candidates.values()])
        if not match.is_matched:
            return self._post_unmatched(remitted, str(match.cause or ""))
        ours = candidates[match.claim_id]
        policy = self._policies.of(ours.claim.payer_id)
        plan = plan_claim_posting(
            remitted,
            self._remittance.header,
            ours.snapshot,
            ours.prior,
            judge=self._judge,
            posted_on=self._now.date(),
            policy=ReconcilePolicy(tolerance_cents=policy.tolerance_cents) if policy else None,
        )
        if plan.state is PostingState.ALREADY_POSTED:
            return _Result(
                matched=True, touched=False, posted_cents=_booked_cents(plan.occurrence, ours.prior)
            )
        works = self._commit(remitted, ours, plan)
        return _Result(matched=True, touched=bool(works), posted_cents=plan.posted_cents)

    def _candidates(self, remitted: RemittedClaim) -> Iterable[_Ours]:
        payer = self._remittance.header.payer_identifier
        pointers = (
            Pointer.key_of(PATIENT_CONTROL_NUMBER, remitted.patient_control_number),
            Pointer.key_of(
                PAYER_CLAIM_CONTROL_NUMBER, f"{payer}|{remitted.payer_claim_control_number}"
            ),
        )
        seen: set[str] = set()
        for key in pointers:
            pointer = self._records.get(Pointer, key)
            claim = self._records.get(Claim, Claim.key_of(pointer.target)) if pointer else None
            if pointer is None or claim is None or claim.claim_id in seen:
                continue
            seen.add(claim.claim_id)
            yield self._ours(claim, pointer)

    def _ours(self, claim: Claim, pointer: Pointer) -> _Ours:
        stored = self._records.get(
            StoredContent, StoredContent.key_of(claim.claim_id, claim.revision)
        )
        if stored is None:
            raise RecordNotFoundError("content_not_found", subject=claim.subject)
        content = stored.content
        policy = self._policies.of(claim.payer_id)
        numbers = {claim.patient_control_number}
        if pointer.name == PATIENT_CONTROL_NUMBER:
            numbers.add(pointer.value)
        payer_numbers = {claim.payer_claim_control_number} - {""}
        if pointer.name == PAYER_CLAIM_CONTROL_NUMBER:
            payer_numbers.add(pointer.value.rpartition("|")[2])
        rank = _RANKS[content.coverage.rank] if content.coverage else 1
        snapshot = ClaimSnapshot(
            claim_id=claim.claim_id,
            state=claim.state,
            payer_id=claim.payer_id,
            charge_cents=claim.charge_cents,
            lines=tuple(
                ClaimLineSnapshot(
                    line_id=line.line_id,
                    procedure=line.procedure,
                    charge_cents=line.charge_cents,
                    expected_cents=policy.expected_allowed_cents(line) if policy else None,
                    modifiers=line.modifiers,
                    service_date=line.service_date,
                )
                for line in content.lines
            ),
            payer_rank=rank,
            has_next_payer=any(
                _RANKS[coverage.rank] > rank for coverage in content.other_coverages
            ),
            is_first_remittance=claim.first_remitted_at is None,
            frequency=claim.frequency,
            patient_control_numbers=tuple(sorted(numbers)),
            payer_claim_control_numbers=tuple(sorted(payer_numbers)),
        )
        booked = postings_of(self._records, claim.claim_id)
        # A remittance may prove that a claim arrived before anything else did: its charge is due then.
        charge = None if booked else charge_due(self._records, claim, at=self._now)
        prior = (charge.posting,) if charge else booked
        return _Ours(claim=claim, snapshot=snapshot, prior=prior, charge=charge)

    def _commit(
        self, remitted: RemittedClaim, ours: _Ours, plan: PostingPlan
    ) -> tuple[WorkItem, ...]:
        claim = ours.claim
        standing = standing_of((*ours.prior, *plan.postings))
        denials = self._new_denials(remitted, ours, plan, standing)
        # An answer without money leaves no posting behind: a second run finds its work instead.
        works = not_yet_known(self._records, *self._works(claim, plan))
        after = self._after(remitted, claim, plan, ours.prior)
        new: tuple[Record, ...] = (
            *((ours.charge,) if ours.charge else ()),
            *StoredPosting.packed(plan.postings),
            *self._payer_number(remitted, after, claim),
        )
        done = (
            ended_silence(self._records, claim, at=self._now, by=STEP)
            if after.state is not claim.state
            else ()
        )
        also: tuple[Aggregate, ...] = (
            *denials,
            *works,
            *done,
            *self._settled_attempt(claim),
            *self._recovered(claim, standing, denials),
        )
        events = (
            *(_received(after, denial) for denial in denials),
            *map(opened, works),
            *(resolved(item, item.resolution) for item in done),
        )
        self._records.commit(
            Commit(
                step=STEP,
                cause=self._cause,
                actor=Actor(STEP),
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
                },
                new=new,
                also=also,
                events=events,
            )
        )
        return works

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
        self, remitted: RemittedClaim, ours: _Ours, plan: PostingPlan, standing: Standing
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

    def _works(self, claim: Claim, plan: PostingPlan) -> Iterable[WorkItem]:
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
        next_payer_cents = sum(
            outcome.amount_cents
            for outcome in plan.outcomes
            if outcome.action is OutcomeAction.BILL_NEXT_PAYER
        )
        if next_payer_cents:
            yield self._work(
                claim,
                "bill_next_payer",
                "send the claim to the next payer with this payer's answer",
                next_payer_cents,
                plan.occurrence,
                queue=Queue.BILLING,
            )

    def _work(
        self,
        claim: Claim,
        reason: str,
        action: str,
        amount_cents: int,
        occurrence: str,
        queue: Queue = Queue.FINANCE,
    ) -> WorkItem:
        return open_work_item(
            queue=queue,
            reason=reason,
            about=claim.subject,
            recommended_action=action,
            at=self._now,
            payer_id=claim.payer_id,
            amount_cents=amount_cents,
            occurrence=occurrence,
        )

    def _post_unmatched(self, remitted: RemittedClaim, why: str) -> _Result:
        """The money is on the ledger at once; a person finds the claim it belongs to."""
        header = self._remittance.header
        posting = unmatched_posting(remitted, header, posted_on=self._now.date())
        partition = self._remittance.key.partition
        stored = StoredPosting(partition=partition, posting=posting)
        result = _Result(matched=False, touched=True, posted_cents=remitted.paid_cents)
        work = open_work_item(
            queue=Queue.FINANCE,
            reason=f"remittance_{why or 'unmatched'}",
            about=f"{self._remittance.subject}:clp-{remitted.ordinal}",
            recommended_action="find the claim this answer belongs to, or send the money back",
            at=self._now,
            amount_cents=remitted.paid_cents,
            occurrence=occurrence_of(header, remitted.ordinal),
        )
        if self._records.get(WorkItem, work.key):
            return result
        self._records.commit(
            Commit(
                step=STEP,
                cause=self._cause,
                actor=Actor(STEP),
                at=self._now,
                root=work,
                decision="unmatched",
                facts={
                    "remittance_id": self._remittance.remittance_id,
                    "clp_ordinal": remitted.ordinal,
                    "why": why,
                },
                new=(stored,),
                events=(opened(work),),
            )
        )
        return result


def _booked_cents(occurrence: str, prior: tuple[Posting, ...]) -> int:
    """What an earlier run booked for this answer, read from the ledger."""
    return sum(
        posting.amount_cents(Account.REMITTANCE_CLEARING)
        for posting in prior
        if posting.adjudicated and posting.adjudicated.occurrence == occurrence
    )


def _received(claim: Claim, denial: DenialCase) -> OutboundEvent:
    return claim_event(
        "denial.received", claim, denial_id=denial.denial_id, amount_cents=denial.amount_cents
    )
