"""The explorer over one payment's posting: no line is lost, none is posted twice."""

from tests.simulation.scenario import examine
from tests.simulation.subjects.posting import scenarios


def test_two_faults_anywhere_leave_every_line_posted_once() -> None:
    in_turn, _ = scenarios(faults=2, faults_at_once=0)

    outcome = examine(in_turn)

    assert [str(case) for case in outcome.cases] == []
    assert outcome.tally.schedules > 10_000


def test_a_batch_posted_twice_at_once_is_posted_once_in_every_order_with_a_fault_anywhere() -> None:
    _, at_once = scenarios(faults=0, faults_at_once=1)

    outcome = examine(at_once)

    assert [str(case) for case in outcome.cases] == []
    assert outcome.tally.schedules > 1_000_000
