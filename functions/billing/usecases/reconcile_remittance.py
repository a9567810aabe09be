"""Close a payment: book its provider-level adjustments, prove its totals, meet its deposit.

Reads   what its batches posted; the deposit of the same trace number, if it came first; copies of it in quarantine.
Writes  provider-level postings, the remittance's state; such copies as replaced, and the work about them as resolved.
Emits   remittance.posted, or remittance.exception with work for finance; work_item.resolved.
Fails   StaleRecordError (retry).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from functions.billing.domain.commit import Actor, Cause, Commit, OutboundEvent
from functions.billing.domain.errors import RecordNotFoundError
from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.remittance.payments import (
    BATCH,
    KEPT_ASIDE,
    PostedBatch,
    Remittance,
    RemittanceState,
    TracedPayment,
)
from functions.billing.domain.remittance.post import TotalsCheck, reconcile_posted
from functions.billing.domain.remittance.provider_level import (
    ProviderAdjustmentPlan,
    plan_provider_adjustment,
)
from functions.billing.domain.submission.attempt import Pointer
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.ports import Clock, Records
from functions.billing.usecases.candidates import PAYER_CLAIM_CONTROL_NUMBER
from functions.billing.usecases.events import opened, resolved
from functions.billing.usecases.postings import StoredPosting
from functions.billing.usecases.sending import PATIENT_CONTROL_NUMBER
from functions.billing.usecases.work import open_items_about

STEP = "reconcile_remittance"
AWAITING_DEPOSIT = "AWAITING_DEPOSIT"

# Money and remittance come within three business days of each other.
DEPOSIT_EXPECTED = timedelta(days=5)

# More takebacks than these in one payment are one piece of work: a transaction holds a hundred items.
TAKEBACKS_APART_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileRemittance:
    """The payments of one file whose batches are posted."""

    remittances: tuple[str, ...]


def reconcile_remittance(
    command: ReconcileRemittance, cause: Cause, *, records: Records, clock: Clock
) -> dict[str, object]:
    """`posted`, or `exception` when any payment's totals disagree."""
    closing = [
        _close(records, identifier, cause, clock.now()) for identifier in command.remittances
    ]
    return {
        "outcome": "posted"
        if all(state is RemittanceState.POSTED for state in closing)
        else "exception",
        "remittances": list(command.remittances),
    }


def _close(records: Records, identifier: str, cause: Cause, now: datetime) -> RemittanceState:
    remittance = records.get(Remittance, Remittance.key_of(identifier))
    if remittance is None:
        raise RecordNotFoundError("remittance_not_found", subject=f"remittance:{identifier}")
    if remittance.state is not RemittanceState.RECEIVED:
        return remittance.state
    batches = records.under(PostedBatch, remittance.key.partition, BATCH)
    plans = tuple(_provider_plans(records, remittance, now))
    posted_cents = sum(batch.posted_cents for batch in batches) + sum(
        _cleared_cents(plan) for plan in plans
    )
    totals = reconcile_posted(
        remittance.header, claims_paid_cents=remittance.claims_paid_cents, posted_cents=posted_cents
    )
    posted_claims = sum(batch.claims for batch in batches)
    # Of a payment that two persons released unbalanced, everything the payer wrote is posted and nothing else: what
    # it misses against BPR02 stays open in remittance clearing, for all to see.
    adds_up = totals.reconciles or remittance.release is not None
    is_whole = adds_up and posted_claims == remittance.claims
    closed = replace(
        remittance,
        state=RemittanceState.POSTED if is_whole else RemittanceState.EXCEPTION,
        reasons=() if is_whole else ("totals_disagree",),
        posted_claims=posted_claims,
        posted_cents=posted_cents,
        matched=sum(batch.matched for batch in batches),
        touched=sum(batch.touched for batch in batches),
        posted_at=now,
        due_kind=AWAITING_DEPOSIT if is_whole and remittance.header.total_paid_cents else "",
        due_at=now + DEPOSIT_EXPECTED,
    )
    works = tuple(_works(closed, plans, totals, now))
    replaced = _replaced_by(records, closed) if is_whole else ()
    done = tuple(
        item.resolved(at=now, by=STEP, resolution="came_again_corrected")
        for copy in replaced
        for item in open_items_about(records, copy.subject)
    )
    records.commit(
        Commit(
            step=STEP,
            cause=cause,
            actor=Actor(STEP),
            at=now,
            root=closed,
            decision=closed.state,
            facts={
                "claims": posted_claims,
                "posted_cents": posted_cents,
                "total_paid_cents": remittance.header.total_paid_cents,
                "posting_difference_cents": totals.posting_difference_cents,
                "replaces": tuple(copy.remittance_id for copy in replaced),
            },
            new=(
                *StoredPosting.packed(
                    tuple(plan.posting for plan in plans), remittance.key.partition
                ),
                *_traced(records, remittance),
            ),
            also=(*works, *replaced, *done),
            events=(
                _event(closed),
                *map(opened, works),
                *(resolved(item, item.resolution) for item in done),
            ),
        )
    )
    return closed.state


def _provider_plans(
    records: Records, remittance: Remittance, now: datetime
) -> Iterable[ProviderAdjustmentPlan]:
    for ordinal, adjustment in enumerate(remittance.header.provider_adjustments, start=1):
        yield plan_provider_adjustment(
            adjustment,
            remittance.header,
            ordinal,
            posted_on=now.date(),
            claim_id=_claim_named(records, remittance, adjustment.reference),
        )


def _claim_named(records: Records, remittance: Remittance, reference: str) -> str:
    """The claim a PLB reference names: payers put either claim number there, alone or among other words."""
    payer = remittance.header.payer_identifier
    for word in dict.fromkeys((reference, *reference.split())):
        for key in (
            Pointer.key_of(PAYER_CLAIM_CONTROL_NUMBER, f"{payer}|{word}"),
            Pointer.key_of(PATIENT_CONTROL_NUMBER, word),
        ):
            pointer = records.get(Pointer, key) if word else None
            if pointer:
                return pointer.target
    return ""


def _traced(records: Records, remittance: Remittance) -> tuple[TracedPayment, ...]:
    """What a deposit is matched by; a run that was interrupted may have written it."""
    made = TracedPayment.of(remittance)
    return () if records.get(TracedPayment, made.key) else (made,)


def _replaced_by(records: Records, posted: Remittance) -> tuple[Remittance, ...]:
    """The copies of the payment that could not be posted when they came: nobody needs to see to them any more."""
    header = posted.header
    partition = TracedPayment.partition_of(header.payer_identifier, header.trace_number)
    kept = (
        records.get(Remittance, Remittance.key_of(one.remittance_id))
        for one in records.under(TracedPayment, partition, KEPT_ASIDE)
    )
    return tuple(
        replace(copy, state=RemittanceState.REPLACED)
        for copy in kept
        if copy and copy.is_replaceable and copy.header.identity == header.identity
    )


def _works(
    remittance: Remittance,
    plans: tuple[ProviderAdjustmentPlan, ...],
    totals: TotalsCheck,
    now: datetime,
) -> Iterable[WorkItem]:
    if remittance.state is RemittanceState.EXCEPTION:
        yield open_work_item(
            queue=Queue.FINANCE,
            reason="remittance_totals_disagree",
            about=remittance.subject,
            recommended_action="compare what was posted with the payment, claim by claim",
            at=now,
            amount_cents=totals.posting_difference_cents,
        )
    reviewed = [plan for plan in plans if plan.is_takeback or plan.needs_review]
    if len(reviewed) > TAKEBACKS_APART_MAX:
        yield open_work_item(
            queue=Queue.FINANCE,
            reason="payer_takebacks",
            about=remittance.subject,
            recommended_action="check the payer's reasons for its takebacks; dispute them within the payer's limit",
            at=now,
            amount_cents=-sum(_cleared_cents(plan) for plan in reviewed),
        )
    else:
        for plan in reviewed:
            yield open_work_item(
                queue=Queue.FINANCE,
                reason=plan.needs_review or "payer_takeback",
                about=f"claim:{plan.claim_id}" if plan.claim_id else remittance.subject,
                recommended_action="check the payer's reason for the takeback; dispute it within the payer's limit",
                at=now,
                amount_cents=-_cleared_cents(plan),
                occurrence=plan.posting.key,
            )


def _cleared_cents(plan: ProviderAdjustmentPlan) -> int:
    return plan.posting.amount_cents(Account.REMITTANCE_CLEARING)


def _event(remittance: Remittance) -> OutboundEvent:
    if remittance.state is RemittanceState.POSTED:
        return OutboundEvent(
            "remittance.posted",
            {
                "remittance_id": remittance.remittance_id,
                "payer": remittance.header.payer_identifier or "unknown",
                "claims": remittance.posted_claims,
                "paid_cents": remittance.header.total_paid_cents,
            },
        )
    return OutboundEvent(
        "remittance.exception",
        {"remittance_id": remittance.remittance_id, "reasons": remittance.reasons},
    )
