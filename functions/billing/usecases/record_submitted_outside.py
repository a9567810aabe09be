"""Take down that a person saw to a parked claim elsewhere: at the clearinghouse's portal, by telephone, on paper.

Reads   the claim, its newest attempt, its open work.
Writes  the claim `submitted`, the attempt as settled by a person, the charge, the work as resolved.
Emits   claim.submitted, work_item.resolved.
Fails   ForbiddenTransitionError when the claim is not parked; StaleRecordError (retry).

The claim keeps its patient control number, so the 277CA and the 835 that follow still find it.
"""

from dataclasses import dataclass, replace

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import Actor, Cause, Commit
from functions.billing.domain.errors import ForbiddenTransitionError, RecordNotFoundError
from functions.billing.domain.submission.attempt import AttemptState
from functions.billing.domain.submission.inquiry import Silence
from functions.billing.ports import Clock, Records, RuleSets
from functions.billing.usecases.charging import charge_due
from functions.billing.usecases.events import claim_event, resolved
from functions.billing.usecases.following_up import awaiting, follow_up_of
from functions.billing.usecases.sending import newest_attempt
from functions.billing.usecases.work import ended_silence

STEP = "record_submitted_outside"
BY_A_PERSON = "submitted_outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSubmittedOutside:
    """A person's word; `actor` comes from the authenticated principal, never from a form."""

    claim_id: str
    actor: str
    reason: str


def record_submitted_outside(
    command: RecordSubmittedOutside,
    cause: Cause,
    *,
    records: Records,
    rule_sets: RuleSets,
    clock: Clock,
) -> dict[str, object]:
    """`recorded` or `already_recorded`."""
    claim = records.get(Claim, Claim.key_of(command.claim_id))
    if claim is None:
        raise RecordNotFoundError("claim_not_found", subject=f"claim:{command.claim_id}")
    attempt = newest_attempt(records, claim)
    if attempt is None or claim.state is not ClaimState.OUTCOME_UNKNOWN:
        if attempt and attempt.answer_code == BY_A_PERSON:
            return {"outcome": "already_recorded", "claim_id": claim.claim_id}
        raise ForbiddenTransitionError(
            "claim_is_not_parked",
            subject=claim.subject,
            detail=f"it is {claim.state}; only a submission whose outcome is unknown is settled by hand",
        )
    now = clock.now()
    after = claim.moved(
        ClaimState.SUBMITTED,
        submitted_at=claim.submitted_at or now,
        touches=claim.touches + 1,
        **awaiting(follow_up_of(rule_sets, claim.payer_id), Silence.FRONT_DOOR, now),
    )
    settled = replace(attempt, state=AttemptState.SUBMITTED, answer_code=BY_A_PERSON)
    done = tuple(
        replace(item, resolution=BY_A_PERSON)
        for item in ended_silence(records, claim, at=now, by=command.actor)
    )
    charge = charge_due(records, claim, at=now)
    records.commit(
        Commit(
            step=STEP,
            cause=cause,
            actor=Actor(command.actor, is_person=True),
            at=now,
            root=after,
            decision=BY_A_PERSON,
            facts={"reason": command.reason, "attempt": attempt.number},
            also=(settled, *done),
            new=(charge,) if charge else (),
            events=(
                claim_event("claim.submitted", after, attempt=attempt.number),
                *(resolved(item, item.resolution) for item in done),
            ),
        )
    )
    return {"outcome": "recorded", "claim_id": claim.claim_id}
