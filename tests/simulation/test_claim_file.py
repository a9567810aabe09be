"""The explorer over two claims in one file: the quick part. `make simulate` runs the large one."""

import pytest

from tests.simulation.environments import IN_FILES, REFUSES, Environment
from tests.simulation.scenario import examine
from tests.simulation.subjects.claim_file import at_once, by_the_clock, neglected, unanswered

environments = pytest.mark.parametrize("environment", IN_FILES, ids=lambda each: each.name)


@environments
def test_one_fault_anywhere_leaves_each_claim_of_a_file_sent_once_and_its_fate_known(
    environment: Environment,
) -> None:
    outcome = examine(by_the_clock(environment, faults=1))

    assert [str(case) for case in outcome.cases] == []
    assert outcome.tally.schedules > 50


@environments
def test_a_file_nobody_looked_after_for_a_day_comes_to_its_end(environment: Environment) -> None:
    outcome = examine(neglected(environment, faults=1))

    assert [str(case) for case in outcome.cases] == []
    assert outcome.tally.schedules > 50


def test_a_file_that_is_refused_leaves_each_claim_to_its_own_refusal() -> None:
    outcome = examine(by_the_clock(REFUSES, faults=1))

    assert [str(case) for case in outcome.cases] == []


def test_a_fault_while_a_lost_answer_is_looked_for_does_no_harm() -> None:
    outcome = examine(unanswered(IN_FILES[0], faults=1))

    assert [str(case) for case in outcome.cases] == []


def test_two_who_gather_at_once_send_each_claim_in_one_file_in_every_order() -> None:
    (list_only,) = (each for each in IN_FILES if each.name == "list only, in files")

    outcome = examine(at_once(list_only, faults=0))

    assert [str(case) for case in outcome.cases] == []
