"""Wake every submission that stands still: interrupted, or released and never begun.

Reads   claims whose submission is due.
Writes  when each is due again.
Emits   claim.released: what may happen then is the protocol's decision, not ours.
Fails   nothing of its own: whoever moved a claim meanwhile did what was needed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import Actor, Cause, Commit
from functions.billing.domain.errors import StaleRecordError
from functions.billing.ports import Clock, Records, RuleSets
from functions.billing.usecases.events import claim_event
from functions.billing.usecases.sending import RELEASED, SUBMITTING, connector_of

STEP = "sweep_submissions"
SWEEP_AGAIN = timedelta(minutes=5)
# One run of the schedule wakes no more than this; the rest is due at the next.
SWEPT_MAX = 200

_STANDS_STILL = {RELEASED: ClaimState.VALIDATED, SUBMITTING: ClaimState.SUBMITTING}


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSubmissions:
    """Look now."""


def sweep_submissions(
    command: SweepSubmissions,  # noqa: ARG001 the schedule says nothing but when
    cause: Cause,
    *,
    records: Records,
    gathers: Callable[[str], bool],
    rule_sets: RuleSets,
    clock: Clock,
) -> dict[str, object]:
    """`swept`, with how many were woken. `gathers` is told of a connection by its name; see `ports.Connections`."""
    now = clock.now()
    woken = 0
    for claim in _standing_still(records, clock):
        waits = claim.state is ClaimState.VALIDATED
        if waits and gathers(connector_of(rule_sets, claim)):
            # For company, which `submit_file` looks after.
            continue
        after = replace(claim, due_at=now + SWEEP_AGAIN)
        commit = Commit(
            step=STEP,
            cause=cause,
            actor=Actor(STEP),
            at=now,
            root=after,
            decision="swept",
            events=(claim_event("claim.released", after, revision=after.revision),),
        )
        try:
            records.commit(commit)
        except StaleRecordError:
            continue
        woken += 1
        if woken >= SWEPT_MAX:
            break
    return {"outcome": "swept", "woken": woken}


def _standing_still(records: Records, clock: Clock) -> Iterator[Claim]:
    """Each read again: the index lags."""
    now = clock.now()
    for due_kind, state in _STANDS_STILL.items():
        for listed in records.due(Claim, due_kind, now):
            claim = records.get(Claim, listed.key)
            if claim and claim.state is state and claim.due_kind == due_kind:
                yield claim
