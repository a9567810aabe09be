"""A dead letter put back into its queue, days later: whatever became of the claim meanwhile, nothing goes out twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from enum import StrEnum

import pytest

from functions.billing.domain.claims.lifecycle import ClaimState
from tests.builders import read, store
from tests.simulation.checks import Overheard
from tests.simulation.cloud import Cloud, functions_over
from tests.simulation.environments import ENVIRONMENTS, Environment
from tests.simulation.explorer import Budget, Stage, replay
from tests.simulation.finding import Finding, Kind
from tests.simulation.scenario import Scenario, examine
from tests.simulation.subjects.submission import CLAIM, delivery, released

_S = ClaimState
_MESSAGE: list[Stage[Cloud]] = [Stage(name="delivered", processes=[delivery()])]

# From a claim that was released, or from one that was sent: the moves that lead to each state.
_BEFORE_SENDING: dict[ClaimState, Sequence[ClaimState]] = {
    _S.STAGED: (_S.STAGED,),
    _S.HELD: (_S.HELD,),
    _S.AWAITING_APPROVAL: (_S.STAGED, _S.AWAITING_APPROVAL),
    _S.VALIDATED: (),
    _S.VOID: (_S.VOID,),
}
_AFTER_SENDING: dict[ClaimState, Sequence[ClaimState]] = {
    _S.SUBMITTED: (),
    _S.ACCEPTED: (_S.ACCEPTED,),
    _S.REJECTED: (_S.REJECTED,),
    _S.ADJUDICATED: (_S.ADJUDICATED,),
    _S.CLOSED: (_S.CLOSED,),
    # Sent, and on its way to be sent anew: validation has not let it go again.
    _S.STAGED: (_S.ADJUDICATED, _S.STAGED),
}
_IN_DOUBT: dict[ClaimState, Sequence[ClaimState]] = {
    _S.SUBMITTING: (),
    _S.OUTCOME_UNKNOWN: (_S.OUTCOME_UNKNOWN,),
}


class Sent(StrEnum):
    """What became of the message when it was first delivered."""

    NOT = "not sent"
    HEARD = "sent"
    UNHEARD = "sent, unheard"
    """The clearinghouse took the claim, and the process that sent it died before it heard so."""


STARTS = [
    *((state, Sent.NOT, moves) for state, moves in _BEFORE_SENDING.items()),
    *((state, Sent.HEARD, moves) for state, moves in _AFTER_SENDING.items()),
    *((state, Sent.UNHEARD, moves) for state, moves in _IN_DOUBT.items()),
]


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda each: each.name)
@pytest.mark.parametrize(
    ("state", "sent", "moves"), STARTS, ids=[f"{state}, {sent}" for state, sent, _ in STARTS]
)
def test_a_dead_letter_redriven_in_any_state_sends_nothing_twice(
    environment: Environment, state: ClaimState, sent: Sent, moves: Sequence[ClaimState]
) -> None:
    begun = _claim_in(environment, sent, moves)
    assert read(begun.records, CLAIM).state is state
    # What was taken stays; a claim that was let go and never sent goes out now, once.
    wanted = 1 if state is _S.VALIDATED else len(begun.clearinghouse.taken)

    def judge(cloud: Cloud, _faults: int) -> Iterator[Finding]:
        if len(cloud.clearinghouse.taken) > wanted:
            yield Finding(Kind.DUPLICATE, f"taken {len(cloud.clearinghouse.taken)} times")

    redrives = Scenario(
        name=f"redriven while {state}",
        begin=begun.copy,
        stages=[
            Stage(name=f"redriven on day {day}", after=timedelta(days=day), processes=[delivery()])
            for day in (0, 1, 3, 13)
        ],
        budget=Budget(faults=1),
        judge=judge,
    )

    assert [str(case) for case in examine(redrives).cases] == []


def test_every_state_of_the_lifecycle_is_redriven() -> None:
    assert {state for state, _, _ in STARTS} == set(ClaimState)


def _claim_in(environment: Environment, sent: Sent, moves: Sequence[ClaimState]) -> Cloud:
    cloud = released(environment, is_cold=False)
    if sent is not Sent.NOT:
        with functions_over(cloud, Overheard()):
            passed = replay(cloud.copy(), _MESSAGE, Budget(), "undisturbed")
            (post,) = (n for n, each in enumerate(passed) if "POST" in each.call.operation)
            schedule = f"0/{post}=0:crash_after" if sent is Sent.UNHEARD else "undisturbed"
            replay(cloud, _MESSAGE, Budget(faults=1), schedule)
        assert cloud.clearinghouse.taken
    for state in moves:
        store(cloud.records, read(cloud.records, CLAIM).moved(state))
    return cloud
