"""Ask a payer about a claim nobody has answered for in time, and write down what it says.

Reads   the claim, its content, what was asked before; the payer's policy.
Writes  the question with its answer; what the claim waits for next; work when a person must take over.
Emits   claim.status.answered, work_item.opened.
Fails   StaleRecordError (retry). A payer that can't be reached is asked again at the claim's next time.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.claims.revisions import StoredContent
from functions.billing.domain.commit import Actor, Aggregate, Cause, Commit
from functions.billing.domain.errors import (
    ClearinghouseUnavailableError,
    RecordNotFoundError,
    RuleSetError,
)
from functions.billing.domain.rules.policy import PayerPolicy, payer_policies
from functions.billing.domain.submission.inquiry import (
    Inquiry,
    NextStep,
    Silence,
    StatusVerdict,
    Told,
    next_step,
)
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.edi.envelopes import WireNumbers
from functions.billing.edi.status_276 import read_status, trace_of, write_status_inquiry
from functions.billing.ports import Clearinghouse, Clock, ControlNumbers, Records, RuleSets
from functions.billing.usecases.events import claim_event, opened
from functions.billing.usecases.following_up import awaiting
from functions.billing.usecases.work import not_yet_known

STEP = "inquire_status"

# Silent claims: sent, and not yet decided or turned away.
_SILENT = frozenset({ClaimState.OUTCOME_UNKNOWN, ClaimState.SUBMITTED, ClaimState.ACCEPTED})

_NOT_PROOF = (
    "this is no proof that it never arrived: ask the clearinghouse; never resend on this alone"
)
_WORK: dict[StatusVerdict, tuple[Queue, str, str]] = {
    StatusVerdict.FINALIZED: (
        Queue.FINANCE,
        "payer_decided_without_remittance",
        "the payer has decided: ask the clearinghouse for the 835 under the trace of the answer",
    ),
    StatusVerdict.INFORMATION_REQUESTED: (
        Queue.BILLING,
        "payer_requests_information",
        "send the payer what its codes ask for; the claim waits for it",
    ),
    StatusVerdict.NOT_FOUND: (Queue.BILLING, "payer_does_not_find_claim", _NOT_PROOF),
    StatusVerdict.CANNOT_ANSWER: (
        Queue.BILLING,
        "payer_cannot_answer",
        "ask the payer by telephone or portal; its codes say why it cannot answer here",
    ),
}
_KEEPS_SILENT = (
    Queue.BILLING,
    "payer_keeps_silent",
    "it was asked as often as its policy says: ask by telephone or portal",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InquireStatus:
    """Ask about this claim."""

    claim_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryPorts:
    """What asking needs of the world."""

    records: Records
    clearinghouse: Clearinghouse
    control_numbers: ControlNumbers
    rule_sets: RuleSets
    clock: Clock


def inquire_status(command: InquireStatus, cause: Cause, ports: InquiryPorts) -> dict[str, object]:
    """The payer's verdict, `unavailable`, or `not_needed` when the claim was answered for or asked about meanwhile."""
    claim = ports.records.get(Claim, Claim.key_of(command.claim_id))
    if claim is None:
        raise RecordNotFoundError("claim_not_found", subject=f"claim:{command.claim_id}")
    earlier = ports.records.under(Inquiry, claim.key.partition, "INQUIRY#")
    asked_before = any(inquiry.cause_id == cause.cause_id for inquiry in earlier)
    if claim.state not in _SILENT or asked_before:
        return {"outcome": "not_needed", "claim_id": claim.claim_id}
    asking = _Asking(claim, earlier, _policy(ports, claim), cause, ports, ports.clock.now())
    try:
        inquiry = asking.ask()
    except ClearinghouseUnavailableError:
        # The claim stays due under its own kind: the check wakes this step again.
        return {"outcome": "unavailable", "claim_id": claim.claim_id}
    asking.record(inquiry)
    return {"outcome": str(inquiry.told.verdict), "claim_id": claim.claim_id}


def _policy(ports: InquiryPorts, claim: Claim) -> PayerPolicy:
    policy = ports.rule_sets.active("payer_policies", payer_policies).of(claim.payer_id)
    if policy is None:
        raise RuleSetError("payer_policy_missing", subject=f"payer:{claim.payer_id}")
    return policy


@dataclass(frozen=True, slots=True)
class _Asking:
    claim: Claim
    earlier: tuple[Inquiry, ...]
    policy: PayerPolicy
    cause: Cause
    ports: InquiryPorts
    now: datetime

    def ask(self) -> Inquiry:
        """Send the 276 and read the 277; nothing is changed by either."""
        number = self.ports.control_numbers.next()
        numbers = WireNumbers(interchange=number, group=number, transaction=1)
        body = write_status_inquiry(
            self._content().content,
            payer_claim_control_number=self.claim.payer_claim_control_number,
            policy=self.policy,
            numbers=numbers,
            partner=self.ports.clearinghouse.partner,
            at=self.now,
        )
        trace = trace_of(numbers)
        return Inquiry(
            claim_id=self.claim.claim_id,
            number=len(self.earlier) + 1,
            cause_id=self.cause.cause_id,
            asked_at=self.now,
            trace_number=trace,
            told=read_status(self.ports.clearinghouse.check_status(body), trace=trace),
        )

    def record(self, inquiry: Inquiry) -> None:
        """Keep question and answer; the claim waits for the next time, or a person takes over."""
        told = inquiry.told
        step = next_step(told, tuple(one.told for one in self.earlier), self.policy.follow_up)
        works: tuple[WorkItem, ...] = ()
        if step is NextStep.PERSON:
            works = not_yet_known(self.ports.records, self._work(inquiry))
        after = self._after(told, step)
        also: tuple[Aggregate, ...] = works
        self.ports.records.commit(
            Commit(
                step=STEP,
                cause=self.cause,
                actor=Actor(STEP),
                at=self.now,
                root=after,
                decision=f"status_{told.verdict}",
                facts={
                    "inquiry": inquiry.number,
                    "codes": told.codes,
                    "paid_cents": told.paid_cents,
                    "next": step,
                },
                new=(inquiry,),
                also=also,
                events=(
                    claim_event(
                        "claim.status.answered", after, verdict=told.verdict, codes=told.codes
                    ),
                    *map(opened, works),
                ),
            )
        )

    def _after(self, told: Told, step: NextStep) -> Claim:
        """No answer moves the claim: only acknowledgements, remittances and people do."""
        number = told.payer_claim_control_number or self.claim.payer_claim_control_number
        claim = replace(self.claim, payer_claim_control_number=number)
        if step is NextStep.ASK_AGAIN:
            return replace(claim, **awaiting(self.policy.follow_up, Silence.STATUS, self.now))
        return replace(claim, due_kind="", due_at=None)

    def _work(self, inquiry: Inquiry) -> WorkItem:
        queue, reason, action = _WORK.get(inquiry.told.verdict, _KEEPS_SILENT)
        return open_work_item(
            queue=queue,
            reason=reason,
            about=self.claim.subject,
            recommended_action=action,
            at=self.now,
            fields=inquiry.told.codes,
            payer_id=self.claim.payer_id,
            amount_cents=self.claim.charge_cents,
            occurrence=str(inquiry.number),
        )

    def _content(self) -> StoredContent:
        stored = self.ports.records.get(
            StoredContent, StoredContent.key_of(self.claim.claim_id, self.claim.revision)
        )
        if stored is None:
            raise RecordNotFoundError("content_not_found", subject=self.claim.subject)
        return stored
