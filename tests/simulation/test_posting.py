"""The explorer over one payment's posting: no line is lost, none is posted twice.

Two faults anywhere take minutes: `examine(scenarios(faults=2, faults_at_once=0)[0])` runs them.
"""

from tests.simulation.scenario import examine
from tests.simulation.subjects.posting import scenarios


def test_one_fault_anywhere_leaves_every_line_posted_once() -> None:
    in_turn, _ = scenarios(faults=1, faults_at_once=0)

    outcome = examine(in_turn)

    assert [str(case) for case in outcome.cases] == []
    assert outcome.tally.schedules > 100


def test_a_batch_posted_twice_at_once_posts_every_line_once_in_every_order() -> None:
    _, at_once = scenarios(faults=0, faults_at_once=0)

    outcome = examine(at_once)

    assert [str(case) for case in outcome.cases] == []
    assert outcome.tally.schedules > 100
