"""Let claims go that an outage of their clearinghouse held: one to probe it, then rounds that begin small and grow.

Reads   the circuits of clearinghouses that want looking after; the claims held for each.
Writes  the round; that a claim was let go.
Emits   claim.released for each: whether it may be sent is asked anew when it is taken up.
Fails   StaleRecordError is passed over: whoever moved the claim meanwhile did what was needed.
"""

from dataclasses import dataclass

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import Actor, Cause, Commit
from functions.billing.domain.errors import StaleRecordError
from functions.billing.ports import Clock, Records
from functions.billing.usecases.events import claim_event
from functions.billing.usecases.outages import released
from functions.billing.usecases.sending import CLEARINGHOUSE

STEP = "release_held"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseHeld:
    """Look now."""


def release_held(
    command: ReleaseHeld,  # noqa: ARG001 the schedule says nothing but when
    cause: Cause,
    *,
    records: Records,
    clock: Clock,
) -> dict[str, object]:
    """`looked`, with how many claims were let go."""
    let_go = 0
    for turn in released(
        Claim, CLEARINGHOUSE, step=STEP, cause=cause, records=records, clock=clock
    ):
        claim = records.get(Claim, turn.held.key)
        # The index lags: one that was sent meanwhile is held no longer.
        if claim is None or claim.state is not ClaimState.VALIDATED:
            continue
        try:
            records.commit(
                Commit(
                    step=STEP,
                    cause=cause,
                    actor=Actor(STEP),
                    at=clock.now(),
                    root=claim,
                    decision="let_go",
                    events=(claim_event("claim.released", claim, revision=claim.revision),),
                )
            )
        except StaleRecordError:
            continue
        let_go += 1
    return {"outcome": "looked", "let_go": let_go}
