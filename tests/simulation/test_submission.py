"""The explorer over one claim's submission: the quick part. `make simulate` runs the large one."""

import pytest

from tests.simulation.environments import ENVIRONMENTS, Environment
from tests.simulation.scenario import again, examine, walk
from tests.simulation.subjects.submission import scenarios

environments = pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda each: each.name)


@environments
def test_one_fault_anywhere_leaves_a_claim_sent_once_and_its_fate_known(
    environment: Environment,
) -> None:
    in_turn, _ = scenarios(environment, faults=1, faults_at_once=0)

    outcome = examine(in_turn)

    assert [str(case) for case in outcome.cases] == []
    assert outcome.tally.schedules > 50


@environments
def test_two_deliveries_at_once_send_one_claim_in_every_order(environment: Environment) -> None:
    _, at_once = scenarios(environment, faults=0, faults_at_once=0)

    outcome = examine(at_once)

    assert [str(case) for case in outcome.cases] == []
    assert outcome.tally.schedules > 50


def test_a_seed_walks_the_same_way_twice_and_its_schedule_replays() -> None:
    in_turn, _ = scenarios(ENVIRONMENTS[0], faults=3, faults_at_once=0)

    (first, schedule), (_, again_schedule) = walk(in_turn, seed=11), walk(in_turn, seed=11)
    passed, findings, _ = again(in_turn, str(schedule))

    assert first.cases == []
    assert schedule == again_schedule
    assert findings == []
    assert any(each.fault != "ok" for each in passed)
