"""The same schedules over moto: what the tables in memory promise, another's tables keep."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.simulation.cloud import AUDIT, Cloud
from tests.simulation.environments import ENVIRONMENTS, IN_FILES
from tests.simulation.moto_cloud import on_moto
from tests.simulation.scenario import Scenario, walk, walk_beside
from tests.simulation.subjects import claim_file, submission

HARDEST = [each for each in (*ENVIRONMENTS, *IN_FILES) if each.name.startswith("late, list")]


@pytest.mark.parametrize(
    "script",
    [
        lambda: submission.forgotten(HARDEST[0], faults=3),
        lambda: submission.at_once(HARDEST[0], faults=2),
        lambda: claim_file.neglected(HARDEST[1], faults=3),
    ],
    ids=["forgotten", "at once", "file"],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_schedule_over_moto_ends_as_in_memory(script: Callable[[], Scenario], seed: int) -> None:
    outcome, schedule = walk_beside(script(), seed, on_moto)

    assert [str(case) for case in outcome.cases] == []
    assert str(walk(script(), seed)[1]) == str(schedule)


def test_tables_that_end_otherwise_are_noticed() -> None:
    @contextmanager
    def forgetful(cloud: Cloud) -> Iterator[Cloud]:
        yield cloud
        cloud.dynamodb.tables[AUDIT].popitem()

    script = submission.forgotten(HARDEST[0], faults=1)

    assert "unlike the model" in {
        case.finding.kind for case in walk_beside(script, 1, forgetful)[0].cases
    }
