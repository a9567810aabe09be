"""Two claims that go in one file, from their release to an outcome nobody doubts about either."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from tests.simulation.checks import rows
from tests.simulation.cloud import RECORDS, Cloud
from tests.simulation.environments import Environment
from tests.simulation.explorer import Budget, Stage
from tests.simulation.finding import Finding, Kind
from tests.simulation.scenario import Scenario, again
from tests.simulation.subjects.submission import CLAIM, delivery, quiet, released, sweep, wrongs

CLAIMS = (CLAIM, "CTESTCLAIM02")


def both_released(environment: Environment, *, is_cold: bool = True) -> Cloud:
    """A practice whose clearinghouse wants two claims in a file, and two that were just let go."""
    return released(environment, is_cold=is_cold, claim_ids=CLAIMS)


def tick(number: int) -> Callable[[], None]:
    """The clock says that submissions are due."""
    return sweep(f"evt_tick_{number}")


def by_the_clock(environment: Environment, *, faults: int) -> Scenario:
    """The clock ticks, a message about one of them comes again, and the clock ticks on to day 13."""
    ticks = (timedelta(0), timedelta(minutes=5), timedelta(days=1), timedelta(days=3))
    return Scenario(
        name=f"claim file, {environment.name}, by the clock",
        begin=lambda: both_released(environment),
        stages=(
            *(
                Stage(name="the clock ticks", after=after, processes=[tick(number)])
                for number, after in enumerate(ticks)
            ),
            Stage(name="redriven", after=timedelta(days=3, hours=1), processes=[delivery()]),
            *quiet(timedelta(days=13)),
        ),
        budget=Budget(faults=faults),
        judge=_judge_of(environment),
    )


def neglected(environment: Environment, *, faults: int) -> Scenario:
    """One tick, and nobody looks again before the next day, when no key is trusted any more."""
    return Scenario(
        name=f"claim file, {environment.name}, neglected",
        begin=lambda: both_released(environment),
        stages=(
            Stage(name="the clock ticks", processes=[tick(0)]),
            Stage(name="a day later", after=timedelta(days=1), processes=[tick(1)]),
            *quiet(timedelta(days=13)),
        ),
        budget=Budget(faults=faults),
        judge=_judge_of(environment),
    )


def unanswered(environment: Environment, *, faults: int) -> Scenario:
    """A file left the house and its answer was lost; from there on the clock ticks."""
    return Scenario(
        name=f"claim file, {environment.name}, unanswered",
        begin=lambda: _sent_unheard(environment),
        stages=(
            Stage(name="the clock ticks", after=timedelta(minutes=5), processes=[tick(1)]),
            *quiet(timedelta(hours=1)),
        ),
        budget=Budget(faults=faults),
        judge=_judge_of(environment),
    )


def _sent_unheard(environment: Environment) -> Cloud:
    first = Scenario(
        name="claim file, sent",
        begin=lambda: both_released(environment, is_cold=False),
        stages=(Stage(name="the clock ticks", processes=[tick(0)]),),
        budget=Budget(faults=1),
        judge=lambda _cloud, _faults: (),
    )
    passed, _, _ = again(first, "undisturbed")
    called = [each.call.operation for each in passed]
    # In a script of one process that never sleeps, the n-th call is the n-th decision.
    post = next(at for at, operation in enumerate(called) if operation.startswith("POST"))
    return again(first, f"0/{post}=0:lost_after")[2]


def at_once(environment: Environment, *, faults: int) -> Scenario:
    """Two ticks are worked on at the same time."""
    return Scenario(
        name=f"claim file, {environment.name}, at once",
        begin=lambda: both_released(environment, is_cold=False),
        stages=(
            Stage(name="the clock ticks twice", processes=[tick(0), tick(0)]),
            *quiet(timedelta(minutes=10)),
        ),
        budget=Budget(faults=faults),
        judge=_judge_of(environment),
    )


def scripts(environment: Environment, *, faults: int, faults_at_once: int) -> Sequence[Scenario]:
    """All that is explored of files in one environment."""
    return (
        by_the_clock(environment, faults=faults),
        at_once(environment, faults=faults_at_once),
        neglected(environment, faults=faults),
    )


def _judge_of(environment: Environment) -> Callable[[Cloud, int], Iterator[Finding]]:
    def judge(cloud: Cloud, faults: int) -> Iterator[Finding]:
        for claim_id in CLAIMS:
            yield from wrongs(cloud, environment, may_have_lost=bool(faults), claim_id=claim_id)
        for file in rows(cloud, RECORDS, "CLAIMFILE"):
            if file.get("due_kind"):
                yield Finding(Kind.STUCK, f"the file is {file['state']} and still due")

    return judge
