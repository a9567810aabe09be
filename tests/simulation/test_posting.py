"""The explorer over one payment's posting: no line is lost, none is posted twice.

Two faults anywhere, and one batch posted twice at once in every order, take minutes:
`examine(scenarios(faults=2, faults_at_once=0)[0])` and `examine(scenarios(faults=0, faults_at_once=0)[1])` run them.
"""

from tests.simulation.scenario import examine
from tests.simulation.subjects.posting import scenarios


def test_one_fault_anywhere_leaves_every_line_posted_once() -> None:
    in_turn, _ = scenarios(faults=1, faults_at_once=0)

    outcome = examine(in_turn)

    assert [str(case) for case in outcome.cases] == []
    assert outcome.tally.schedules > 100
