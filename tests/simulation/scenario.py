"""A script with a beginning and a judgement, and what came of exploring it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from tests.simulation.checks import Overheard
from tests.simulation.cloud import Cloud, functions_over
from tests.simulation.explorer import (
    Budget,
    Fault,
    Passed,
    Schedule,
    Stage,
    Tally,
    explore,
    replay,
    wander,
)
from tests.simulation.finding import Finding, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What happens to a practice, how much may go wrong, and what must hold at the end."""

    name: str
    begin: Callable[[], Cloud]
    stages: Sequence[Stage[Cloud]]
    budget: Budget
    judge: Callable[[Cloud, int], Iterable[Finding]]
    """All that is wrong with a state in which a script ended, given the fewest faults that lead to it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One wrong, with the schedule that leads to it."""

    scenario: str
    schedule: str
    finding: Finding

    def __str__(self) -> str:
        """As the command prints it, ready to be replayed."""
        return f"{self.finding.kind}: {self.finding.what}\n    {self.scenario} | {self.schedule}"


@dataclass(slots=True)
class Outcome:
    """What exploring came to. `wrong` counts schedules by kind; `cases` holds one case for each state that is wrong."""

    tally: Tally = field(default_factory=Tally)
    wrong: Counter[Kind] = field(default_factory=Counter)
    cases: list[Case] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Count both."""
        self.tally.add(other.tally)
        self.wrong += other.wrong
        self.cases += other.cases


def examine(scenario: Scenario, *, stop_at_first: bool = False) -> Outcome:
    """Explore every schedule and judge every end."""
    outcome, out = Outcome(), Overheard()
    cloud = scenario.begin()
    with functions_over(cloud, out):
        for end in explore(cloud, scenario.stages, scenario.budget, tally=outcome.tally):
            for finding in scenario.judge(end.world, end.fewest_faults):
                outcome.wrong[finding.kind] += end.schedules
                outcome.cases.append(Case(scenario.name, str(end.witness), finding))
            if stop_at_first and outcome.cases:
                break
    for finding in out.findings():
        outcome.wrong[finding.kind] += 1
        outcome.cases.append(Case(scenario.name, "see the log of this scenario", finding))
    return outcome


Place = Callable[[Cloud], AbstractContextManager[Cloud]]
"""Where a practice that has just begun goes on: in memory, or in moto (`moto_cloud.on_moto`)."""


def walk(scenario: Scenario, seed: int) -> tuple[Outcome, Schedule]:
    """One schedule at random; the same seed walks the same way."""
    outcome, schedule, _ = _walked(scenario, seed, nullcontext)
    return outcome, schedule


def walk_beside(scenario: Scenario, seed: int, place: Place) -> tuple[Outcome, Schedule]:
    """The same somewhere else and in memory: whatever the model promises, the tables must end alike."""
    outcome, schedule, there = _walked(scenario, seed, place)
    _, _, here = again(scenario, str(schedule))
    if there.dynamodb.tables != here.dynamodb.tables:
        finding = Finding(Kind.UNLIKE, "the same schedule leaves other items there than in memory")
        outcome.wrong[finding.kind] += 1
        outcome.cases.append(Case(scenario.name, str(schedule), finding))
    return outcome, schedule


def _walked(scenario: Scenario, seed: int, place: Place) -> tuple[Outcome, Schedule, Cloud]:
    outcome, out = Outcome(), Overheard()
    chance = random.Random(seed)  # noqa: S311 for replay, not for secrets
    with place(scenario.begin()) as cloud, functions_over(cloud, out):
        schedule, passed = wander(cloud, scenario.stages, scenario.budget, chance)
    outcome.tally.schedules = 1
    for finding in (*scenario.judge(cloud, _faults(passed)), *out.findings()):
        outcome.wrong[finding.kind] += 1
        outcome.cases.append(Case(scenario.name, str(schedule), finding))
    return outcome, schedule, cloud


def again(
    scenario: Scenario, schedule: str, place: Place = nullcontext
) -> tuple[list[Passed], list[Finding], Cloud]:
    """Replay one schedule: every call it made, and what is wrong at its end."""
    out = Overheard()
    with place(scenario.begin()) as cloud, functions_over(cloud, out):
        passed = replay(cloud, scenario.stages, scenario.budget, schedule)
    return passed, [*scenario.judge(cloud, _faults(passed)), *out.findings()], cloud


def _faults(passed: Sequence[Passed]) -> int:
    return sum(each.fault is not Fault.NONE for each in passed)
