"""Post a balance adjustment that the EHR's staff made on an encounter's claim.

Reads   the encounter's claims and their postings.
Writes  one balanced posting; the claim's state when nothing is owed any more.
Emits   balance.reconciled, patient.balance.changed.
Fails   StaleRecordError (retry). An adjustment that fits no claim is work for finance.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import Actor, Cause, Commit, OutboundEvent
from functions.billing.domain.encounters import BillingEncounter
from functions.billing.domain.keys import Key
from functions.billing.domain.ledger.balances import ClaimBalance, claim_balance
from functions.billing.domain.ledger.bookings import (
    BalanceAdjustment,
    BalanceAdjustmentKind,
    balance_adjustment_posting,
)
from functions.billing.domain.ledger.postings import PostingKind
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.ports import Clock, Records
from functions.billing.usecases.events import opened, patient_balance_changed
from functions.billing.usecases.postings import StoredPosting, postings_of

STEP = "adjust_balance"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustBalance:
    """What staff did; a positive amount reduces what is owed.

    `reason_code` may be a word of `BalanceAdjustmentKind`, such as `refund_paid`, and then says all.
    """

    adjustment_id: str
    encounter_id: str
    amount_cents: int
    reason_code: str


def adjust_balance(
    command: AdjustBalance, cause: Cause, *, records: Records, clock: Clock
) -> dict[str, object]:
    """`posted`, `already_posted` or `unmatched`."""
    now = clock.now()
    encounter = records.get(BillingEncounter, BillingEncounter.key_of(command.encounter_id))
    claim_id = encounter.claim_ids[0] if encounter and encounter.claim_ids else ""
    claim = records.get(Claim, Claim.key_of(claim_id)) if claim_id else None
    if claim is None:
        return _unmatched(command, cause, records, now)
    prior = postings_of(records, claim.claim_id)
    if any(
        posting.kind is PostingKind.BALANCE_ADJUSTMENT and posting.source == command.adjustment_id
        for posting in prior
    ):
        return {"outcome": "already_posted", "claim_id": claim.claim_id}
    balance = claim_balance(claim.claim_id, prior)
    kind = _kind(command, balance)
    if kind is None or command.amount_cents <= 0:
        return _unmatched(command, cause, records, now)
    posting = balance_adjustment_posting(
        BalanceAdjustment(
            adjustment_id=command.adjustment_id,
            claim_id=claim.claim_id,
            kind=kind,
            amount_cents=command.amount_cents,
            occurred_on=now.date(),
        )
    )
    stored = StoredPosting.of_claim(posting)
    settled = claim_balance(claim.claim_id, (*prior, posting)).is_settled
    after = (
        claim.moved(ClaimState.CLOSED, closed_at=now)
        if settled and claim.state is ClaimState.ADJUDICATED
        else claim
    )
    records.commit(
        Commit(
            step=STEP,
            cause=cause,
            actor=Actor(STEP),
            at=now,
            root=after,
            decision=kind,
            facts={"adjustment_id": command.adjustment_id, "amount_cents": command.amount_cents},
            new=(stored,),
            events=(
                OutboundEvent(
                    "balance.reconciled",
                    {"reference": claim.claim_id, "amount_cents": command.amount_cents},
                ),
                *patient_balance_changed(after, prior, (*prior, posting)),
            ),
        )
    )
    return {"outcome": "posted", "claim_id": claim.claim_id}


# How much each kind can move at most: what stands on the side it takes from.
_AVAILABLE: dict[BalanceAdjustmentKind, Callable[[ClaimBalance], int]] = {
    BalanceAdjustmentKind.PATIENT_PAYMENT: lambda one: one.patient_cents,
    BalanceAdjustmentKind.PATIENT_WRITE_OFF: lambda one: one.patient_cents,
    BalanceAdjustmentKind.PATIENT_TO_NEXT_PAYER: lambda one: one.patient_cents,
    BalanceAdjustmentKind.INSURANCE_WRITE_OFF: lambda one: one.insurance_cents,
    BalanceAdjustmentKind.CONTRACTUAL_ACCEPTED: lambda one: one.insurance_cents,
    BalanceAdjustmentKind.TRANSFER_TO_PATIENT: lambda one: one.insurance_cents,
    BalanceAdjustmentKind.TRANSFER_TO_NEXT_PAYER: lambda one: one.insurance_cents,
    BalanceAdjustmentKind.NEXT_PAYER_WRITE_OFF: lambda one: one.next_payer_cents,
    BalanceAdjustmentKind.NEXT_PAYER_TO_PATIENT: lambda one: one.next_payer_cents,
    BalanceAdjustmentKind.CREDIT_APPLIED: lambda one: min(one.credit_cents, one.insurance_cents),
    BalanceAdjustmentKind.REFUND_PAID: lambda one: one.credit_cents,
    BalanceAdjustmentKind.CREDIT_TAKEN_BACK: lambda one: one.credit_cents,
}


def _kind(command: AdjustBalance, balance: ClaimBalance) -> BalanceAdjustmentKind | None:
    """What an adjustment does: the kind its reason code names, or else the balance it can reduce.

    Never more than stands there. Money that came in is never written off, whatever else is owed.
    """
    kinds = set(BalanceAdjustmentKind)
    if command.reason_code in kinds:
        named = [BalanceAdjustmentKind(command.reason_code)]
    elif "payment" in command.reason_code:
        named = [BalanceAdjustmentKind.PATIENT_PAYMENT]
    else:
        named = [
            BalanceAdjustmentKind.PATIENT_WRITE_OFF,
            BalanceAdjustmentKind.INSURANCE_WRITE_OFF,
        ]
    fitting = (kind for kind in named if command.amount_cents <= _AVAILABLE[kind](balance))
    return next(fitting, None)


def _unmatched(
    command: AdjustBalance, cause: Cause, records: Records, now: datetime
) -> dict[str, object]:
    work = open_work_item(
        queue=Queue.FINANCE,
        reason="adjustment_unmatched",
        about=f"encounter:{command.encounter_id}",
        recommended_action="find the claim and the balance this adjustment belongs to",
        at=now,
        amount_cents=command.amount_cents,
        occurrence=command.adjustment_id,
    )
    if records.get(WorkItem, Key(work.key.partition, work.key.sort)) is None:
        records.commit(
            Commit(
                step=STEP,
                cause=cause,
                actor=Actor(STEP),
                at=now,
                root=work,
                decision="unmatched",
                facts={"adjustment_id": command.adjustment_id},
                events=(opened(work),),
            )
        )
    return {"outcome": "unmatched"}
