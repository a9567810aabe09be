"""The events more than one step publishes, in their contracts' words."""

from collections.abc import Sequence

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.commit import Fact, OutboundEvent
from functions.billing.domain.ledger.balances import claim_balance
from functions.billing.domain.ledger.postings import Posting
from functions.billing.domain.work_items import WorkItem


def opened(work: WorkItem) -> OutboundEvent:
    """`work_item.opened`."""
    return OutboundEvent(
        "work_item.opened",
        {
            "work_item_id": work.work_item_id,
            "queue": work.queue,
            "reason": work.reason,
            "about": work.about,
        },
    )


def resolved(work: WorkItem, resolution: str) -> OutboundEvent:
    """`work_item.resolved`."""
    return OutboundEvent(
        "work_item.resolved",
        {"work_item_id": work.work_item_id, "queue": work.queue, "resolution": resolution},
    )


def claim_event(type_: str, claim: Claim, **data: Fact) -> OutboundEvent:
    """An event about a claim: its id and payer, and what the contract adds."""
    return OutboundEvent(type_, {"claim_id": claim.claim_id, "payer": claim.payer_id, **data})


def patient_balance_changed(
    claim: Claim, before: Sequence[Posting], after: Sequence[Posting]
) -> tuple[OutboundEvent, ...]:
    """`patient.balance.changed`, or nothing when the patient owes for the claim what was owed before."""
    owed_cents = claim_balance(claim.claim_id, after).patient_cents
    change_cents = owed_cents - claim_balance(claim.claim_id, before).patient_cents
    if not change_cents:
        return ()
    return (
        claim_event(
            "patient.balance.changed",
            claim,
            patient_id=claim.patient_id,
            encounter_id=claim.encounter_id,
            balance_cents=owed_cents,
            change_cents=change_cents,
        ),
    )
