"""Let a payment that does not balance be posted all the same: one person asks with a reason, another agrees.

Reads   the payment in quarantine; whether it was posted meanwhile from a corrected copy.
Writes  who asked and why; then the payment under its own name, to be posted, and its work as resolved.
Emits   remittance.released, work_item.resolved.
Fails   ForbiddenTransitionError for what may never be posted so; SegregationError when one person does both.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from functions.billing.domain.commit import Actor, Cause, Commit, OutboundEvent
from functions.billing.domain.errors import (
    ForbiddenTransitionError,
    RecordNotFoundError,
    SegregationError,
)
from functions.billing.domain.remittance.payments import (
    Release,
    Remittance,
    RemittanceState,
    remittance_id,
)
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.ports import Clock, Records
from functions.billing.usecases.events import opened, resolved
from functions.billing.usecases.read_remittance import POSTED_WITHIN
from functions.billing.usecases.work import not_yet_known, open_items_about

STEP = "release_remittance"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRemittance:
    """A person's wish or consent; `actor` comes from the authenticated principal, never from a form."""

    remittance_id: str
    decision: Literal["request", "approve"]
    actor: str
    reason: str = ""


def release_remittance(
    command: ReleaseRemittance, cause: Cause, *, records: Records, clock: Clock
) -> dict[str, object]:
    """`requested`, `released` or `already_released`."""
    kept = records.get(Remittance, Remittance.key_of(command.remittance_id))
    if kept is None:
        raise RecordNotFoundError(
            "remittance_not_found", subject=f"remittance:{command.remittance_id}"
        )
    if kept.state is RemittanceState.RELEASED and kept.release:
        return {"outcome": "already_released", "remittance_id": kept.release.remittance_id}
    if kept.state is RemittanceState.REPLACED:
        raise _already_posted(kept)
    if not kept.is_releasable:
        why = ", ".join(kept.reasons) or "nothing is wrong with it"
        raise ForbiddenTransitionError(
            "remittance_not_releasable",
            subject=kept.subject,
            detail=f"it is {kept.state} ({why}); only what is merely unbalanced can be released",
        )
    if command.decision == "request":
        return _request(command, kept, cause, records, clock.now())
    return _approve(command, kept, cause, records, clock.now())


def _request(
    command: ReleaseRemittance, kept: Remittance, cause: Cause, records: Records, now: datetime
) -> dict[str, object]:
    if not command.reason.strip():
        raise ForbiddenTransitionError(
            "release_without_reason", subject=kept.subject, detail="say why it may be posted"
        )
    release = Release(requested_by=command.actor, requested_at=now, reason=command.reason.strip())
    _commit(command, replace(kept, release=release), "release_requested", cause, records, now)
    return {"outcome": "requested", "remittance_id": kept.remittance_id}


def _approve(
    command: ReleaseRemittance, kept: Remittance, cause: Cause, records: Records, now: datetime
) -> dict[str, object]:
    if kept.release is None:
        raise ForbiddenTransitionError(
            "release_not_requested", subject=kept.subject, detail="nobody asked for its release yet"
        )
    if kept.release.requested_by == command.actor:
        raise SegregationError(
            "requester_may_not_approve", subject=kept.subject, detail="someone else must agree"
        )
    identifier = remittance_id(kept.header)
    if records.get(Remittance, Remittance.key_of(identifier)):
        raise _already_posted(kept)
    release = replace(
        kept.release, approved_by=command.actor, approved_at=now, remittance_id=identifier
    )
    posted = replace(
        kept,
        remittance_id=identifier,
        state=RemittanceState.RECEIVED,
        reasons=(),
        release=release,
        due_kind="REMITTANCE",
        due_at=now + POSTED_WITHIN,
        version=0,
        audit_head="",
    )
    released = replace(kept, state=RemittanceState.RELEASED, release=release)
    _commit(command, released, "released", cause, records, now, posted)
    return {"outcome": "released", "remittance_id": identifier}


def _already_posted(kept: Remittance) -> ForbiddenTransitionError:
    return ForbiddenTransitionError(
        "payment_already_posted",
        subject=kept.subject,
        detail=f"the payment came meanwhile from another file, as {remittance_id(kept.header)}",
    )


def _approval_wanted(kept: Remittance, now: datetime) -> WorkItem:
    return open_work_item(
        queue=Queue.FINANCE,
        reason="release_approval_required",
        about=kept.subject,
        recommended_action="read the reason and the differences; a second person agrees, or nothing is posted",
        at=now,
        fields=kept.imbalance.levels if kept.imbalance else (),
        amount_cents=kept.header.total_paid_cents,
    )


def _commit(
    command: ReleaseRemittance,
    after: Remittance,
    decision: str,
    cause: Cause,
    records: Records,
    now: datetime,
    posted: Remittance | None = None,
) -> None:
    done = tuple(
        item.resolved(at=now, by=command.actor, resolution="released")
        for item in (open_items_about(records, after.subject) if posted else ())
    )
    asked = () if posted else not_yet_known(records, _approval_wanted(after, now))
    told = (
        (OutboundEvent("remittance.released", {"remittance_id": posted.remittance_id}),)
        if posted
        else ()
    )
    records.commit(
        Commit(
            step=STEP,
            cause=cause,
            actor=Actor(command.actor, is_person=True),
            at=now,
            root=after,
            decision=decision,
            facts={
                "identity": after.header.identity,
                "differences": after.imbalance.levels if after.imbalance else (),
            },
            also=(*((posted,) if posted else ()), *done, *asked),
            events=(
                *told,
                *(resolved(item, item.resolution) for item in done),
                *map(opened, asked),
            ),
        )
    )
