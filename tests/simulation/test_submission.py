"""The explorer over one claim's submission: the quick part. `make simulate` runs the large one."""

from collections.abc import Callable

import pytest

from tests.simulation.environments import ENVIRONMENTS, Environment
from tests.simulation.mutants import MUTANTS, Mutant, killer_of
from tests.simulation.scenario import Scenario, again, examine, walk
from tests.simulation.subjects.submission import at_once, forgotten, in_turn, neglected

environments = pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda each: each.name)
one_message = pytest.mark.parametrize(
    "script", [in_turn, neglected, forgotten], ids=lambda each: each.__name__
)

# Their scenarios are the largest: `make simulate` runs them.
_SLOW = {"time to land"}


@environments
@one_message
def test_one_fault_anywhere_leaves_a_claim_sent_once_and_its_fate_known(
    environment: Environment, script: Callable[..., Scenario]
) -> None:
    outcome = examine(script(environment, faults=1))

    assert [str(case) for case in outcome.cases] == []
    assert outcome.tally.schedules > 50


@environments
def test_two_deliveries_at_once_send_one_claim_in_every_order(environment: Environment) -> None:
    outcome = examine(at_once(environment, faults=0))

    assert [str(case) for case in outcome.cases] == []
    assert outcome.tally.schedules > 50


@pytest.mark.parametrize(
    "mutant",
    [mutant for mutant in MUTANTS if mutant.guard not in _SLOW],
    ids=lambda each: each.guard,
)
def test_the_exploration_notices_that_a_guard_is_missing(mutant: Mutant) -> None:
    assert killer_of(mutant)


def test_a_seed_walks_the_same_way_twice_and_its_schedule_replays() -> None:
    script = in_turn(ENVIRONMENTS[0], faults=3)

    (first, schedule), (_, again_schedule) = walk(script, seed=11), walk(script, seed=11)
    passed, findings, _ = again(script, str(schedule))

    assert first.cases == []
    assert schedule == again_schedule
    assert findings == []
    assert any(each.fault != "ok" for each in passed)
