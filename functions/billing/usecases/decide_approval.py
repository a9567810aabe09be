"""Release, or return, a claim that waits for a second person.

Reads   the claim and its open work.
Writes  the claim's state, the work as resolved.
Emits   claim.released, work_item.resolved; work_item.opened for a claim that is returned.
Fails   SegregationError when the person changed the claim; ForbiddenTransitionError when it does not wait.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import Actor, Cause, Commit, OutboundEvent
from functions.billing.domain.errors import (
    ForbiddenTransitionError,
    RecordNotFoundError,
    SegregationError,
)
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.ports import Clock, Records
from functions.billing.usecases.events import claim_event, opened, resolved
from functions.billing.usecases.scrub_claim import APPROVAL_REFUSED, APPROVAL_REQUIRED
from functions.billing.usecases.sending import BEGUN_WITHIN, RELEASED
from functions.billing.usecases.work import open_items_about

STEP = "decide_approval"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideApproval:
    """A person's decision; `actor` comes from the authenticated principal, never from a form."""

    claim_id: str
    decision: Literal["approve", "reject"]
    actor: str
    reason: str


def decide_approval(
    command: DecideApproval, cause: Cause, *, records: Records, clock: Clock
) -> dict[str, object]:
    """`released`, `returned` or `already_decided`."""
    claim = records.get(Claim, Claim.key_of(command.claim_id))
    if claim is None:
        raise RecordNotFoundError("claim_not_found", subject=f"claim:{command.claim_id}")
    if claim.state is ClaimState.VALIDATED:
        return {"outcome": "already_decided", "claim_id": claim.claim_id}
    if claim.state is not ClaimState.AWAITING_APPROVAL:
        raise ForbiddenTransitionError(
            "claim_awaits_no_approval", subject=claim.subject, detail=f"it is {claim.state}"
        )
    if command.actor in claim.editors:
        raise SegregationError(
            "approver_changed_the_claim",
            subject=claim.subject,
            detail="someone else must release it",
        )
    now = clock.now()
    approved = command.decision == "approve"
    after = claim.moved(
        ClaimState.VALIDATED if approved else ClaimState.HELD,
        touches=claim.touches + 1,
        reasons=() if approved else (APPROVAL_REFUSED,),
    )
    if approved:
        after = replace(after, due_kind=RELEASED, due_at=now + BEGUN_WITHIN)
    done = tuple(
        item.resolved(at=now, by=command.actor, resolution=f"approval_{command.decision}")
        for item in open_items_about(records, claim.subject)
        if item.reason == APPROVAL_REQUIRED
    )
    events: tuple[OutboundEvent, ...] = tuple(resolved(item, item.resolution) for item in done)
    works: tuple[WorkItem, ...] = ()
    if approved:
        events = (claim_event("claim.released", after, revision=after.revision), *events)
    else:
        works = (_returned(claim, now),)
        events = (*events, *map(opened, works))
    records.commit(
        Commit(
            step=STEP,
            cause=cause,
            actor=Actor(command.actor, is_person=True),
            at=now,
            root=after,
            decision="released" if approved else "returned",
            facts={"reason": command.reason, "revision": claim.revision},
            not_by="editors",
            also=(*done, *works),
            events=events,
        )
    )
    return {"outcome": "released" if approved else "returned", "claim_id": claim.claim_id}


def _returned(claim: Claim, now: datetime) -> WorkItem:
    """A claim nobody released needs somebody to mend it, or it would lie there."""
    return open_work_item(
        queue=Queue.BILLING,
        reason=APPROVAL_REFUSED,
        about=claim.subject,
        recommended_action="read in the claim's history why it was returned; have the encounter amended",
        at=now,
        payer_id=claim.payer_id,
        amount_cents=claim.charge_cents,
        occurrence=claim.judging,
    )
