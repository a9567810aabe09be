"""The large exploration, shared out over processes, and the lines that say what came of it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import islice

from tests.simulation.cloud import Cloud
from tests.simulation.environments import ENVIRONMENTS, IN_FILES, Environment
from tests.simulation.finding import Kind
from tests.simulation.mutants import MUTANTS, killer_of
from tests.simulation.scenario import (
    Case,
    Outcome,
    Place,
    Scenario,
    again,
    examine,
    walk,
    walk_beside,
)
from tests.simulation.subjects import claim_file, submission
from tests.simulation.subjects.submission import JUMP_SECONDS, scripts

FAULTS = 3
# In the shorter scripts, whose stages are also in the long one.
FAULTS_ELSEWHERE = 2
FAULTS_AT_ONCE = 1
SCRIPTS = 5
NAMES = tuple(environment.name for environment in ENVIRONMENTS)
# Where two deliveries at once meet a jump of the clock as well: time decides most where no key does.
WITH_JUMPS = ("neither", "late, list")
# A file is three times as long as a claim that goes alone. Where no key helps, two faults may befall it, and two who
# gather at once are tried.
FAULTS_OF_A_FILE = 1
HARDEST = "list only, in files"
# Sampled, since moto takes a thousand times as long as the model; each of the shorter scripts in turn.
OVER_MOTO = "over moto"
MOTO_WALKS = 20
MOTO_SEED = 7
FAULTS_OVER_MOTO = 3
PROCESSES = 2
WALKS_A_TASK = 5
# A walk may meet more than the exhaustive search can afford.
FAULTS_OF_A_WALK = 6


@dataclass(slots=True)
class Report:
    """What a simulation came to, by environment."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    killed: dict[str, Case | None] = field(default_factory=dict)

    def add(self, environment: str, outcome: Outcome) -> None:
        """Count an outcome in its environment."""
        self.outcomes.setdefault(environment, Outcome()).add(outcome)

    @property
    def cases(self) -> list[Case]:
        """Everything that is wrong."""
        return [case for outcome in self.outcomes.values() for case in outcome.cases]

    @property
    def survivors(self) -> list[str]:
        """Guards whose absence nobody noticed."""
        return [guard for guard, case in self.killed.items() if case is None]

    @property
    def holds(self) -> bool:
        """Whether all is as it must be."""
        return not self.cases and not self.survivors

    def lines(self) -> Iterator[str]:
        """What the command prints last."""
        for environment, outcome in self.outcomes.items():
            tally = outcome.tally
            yield f"{environment + ':':25} {tally.schedules:>25,} schedules in {tally.states:,} states"
        schedules = sum(outcome.tally.schedules for outcome in self.outcomes.values())
        yield f"{'schedules:':25} {schedules:>25,}"
        for kind in Kind:
            wrong = sum(outcome.wrong[kind] for outcome in self.outcomes.values())
            yield f"{kind + ':':25} {wrong:>25,}"
        if self.killed:
            dead = len(self.killed) - len(self.survivors)
            yield f"{'mutants killed:':25} {dead:>25,} of {len(self.killed)}"


def explore_all() -> Iterator[tuple[str, Report]]:
    """Every schedule within the allowance, in every environment, then every mutant; what was done, and all so far."""
    report = Report()
    large = [(name, which) for which in range(SCRIPTS) for name in NAMES]
    files = [(each.name, which) for each in IN_FILES for which in range(len(_of_files(each)))]
    with ProcessPoolExecutor(PROCESSES) as pool:
        explored = pool.map(_explored, [*large, *files])
        seeds = random.Random(MOTO_SEED)  # noqa: S311 for replay, not for secrets
        over_moto = pool.map(_walked_over_moto, _tasks(MOTO_WALKS, seeds))
        killed = pool.map(_killed, range(len(MUTANTS)))
        for (name, _), (scenario, outcome) in zip([*large, *files], explored, strict=True):
            report.add(name, outcome)
            yield scenario, report
        for name, outcome in over_moto:
            report.add(name, outcome)
        yield f"{MOTO_WALKS} walks over moto, seed {MOTO_SEED}", report
        for mutant, case in zip(MUTANTS, killed, strict=True):
            report.killed[mutant.guard] = case
            yield f"without: {mutant.guard}", report


def walk_on(schedules: int, seed: int, *, over_moto: bool = False) -> Iterator[tuple[str, Report]]:
    """As many random schedules as asked, each named by a seed of its own; over moto each beside the model."""
    report = Report()
    seeds = random.Random(seed)  # noqa: S311 for replay, not for secrets
    tasks = _tasks(schedules, seeds)
    with ProcessPoolExecutor(PROCESSES) as pool:
        for environment, outcome in pool.map(_walked_over_moto if over_moto else _walked, tasks):
            report.add(environment, outcome)
            yield environment, report


def replayed(text: str, *, over_moto: bool = False) -> Iterator[str]:
    """A case as it was printed (`scenario | schedule`), call by call.

    Raises
    ------
    ValueError
        If no scenario is named so, or the schedule does not fit it.
    """
    name, _, schedule = (part.strip() for part in text.partition("|"))
    found = [each for each in _scenarios() if each.name == name]
    if not found:
        raise ValueError(f"no scenario is named {name!r}")
    place: Place = _on_moto if over_moto else nullcontext
    passed, findings, _ = again(found[0], schedule, place)
    for each in passed:
        yield f"{each.at:%d %b %H:%M:%S}  {each.process}  {each.fault:13} {each.call}"
    yield from (f"✗ {finding.kind}: {finding.what}" for finding in findings)
    if not findings:
        yield "✓ nothing is wrong at its end"


def _scenarios() -> Iterable[Scenario]:
    for environment in ENVIRONMENTS:
        yield from scripts(
            environment,
            faults=FAULTS_OF_A_WALK,
            faults_elsewhere=FAULTS_OF_A_WALK,
            faults_at_once=2,
            jumps=JUMP_SECONDS,
        )
    for environment in IN_FILES:
        yield from claim_file.scripts(environment, faults=FAULTS_OF_A_WALK, faults_at_once=2)


def _of_files(environment: Environment) -> Sequence[Scenario]:
    """What is explored of claims that go together."""
    neglected = claim_file.neglected(environment, faults=FAULTS_OF_A_FILE)
    if environment.name != HARDEST:
        return (claim_file.by_the_clock(environment, faults=FAULTS_OF_A_FILE), neglected)
    by_the_clock = claim_file.by_the_clock(environment, faults=FAULTS_OF_A_FILE + 1)
    return (by_the_clock, claim_file.at_once(environment, faults=0), neglected)


def _explored(task: tuple[str, int]) -> tuple[str, Outcome]:
    name, which = task
    for together in IN_FILES:
        if together.name == name:
            scenario = _of_files(together)[which]
            return scenario.name, examine(scenario)
    (environment,) = (each for each in ENVIRONMENTS if each.name == name)
    jumps = JUMP_SECONDS if name in WITH_JUMPS else ()
    scenario = scripts(
        environment,
        faults=FAULTS,
        faults_elsewhere=FAULTS_ELSEWHERE,
        faults_at_once=FAULTS_AT_ONCE,
        jumps=jumps,
    )[which]
    return scenario.name, examine(scenario)


def _walked_over_moto(seeds: tuple[int, ...]) -> tuple[str, Outcome]:
    chosen, outcome = list(_short_scenarios()), Outcome()
    for seed in seeds:
        outcome.add(walk_beside(chosen[seed % len(chosen)], seed, _on_moto)[0])
    return OVER_MOTO, outcome


def _on_moto(cloud: Cloud) -> AbstractContextManager[Cloud]:
    # Half of what a simulation imports, for these walks alone.
    from tests.simulation.moto_cloud import on_moto  # noqa: PLC0415

    return on_moto(cloud)


def _short_scenarios() -> Iterator[Scenario]:
    for environment in ENVIRONMENTS:
        yield submission.forgotten(environment, faults=FAULTS_OVER_MOTO)
        yield submission.held(environment, faults=FAULTS_OVER_MOTO)
        yield submission.at_once(environment, faults=FAULTS_OVER_MOTO, jumps=JUMP_SECONDS)
    for environment in IN_FILES:
        yield claim_file.neglected(environment, faults=FAULTS_OVER_MOTO)


def _killed(number: int) -> Case | None:
    return killer_of(MUTANTS[number])


def _tasks(schedules: int, seeds: random.Random) -> Iterator[tuple[int, ...]]:
    endless = iter(lambda: seeds.getrandbits(48), None)
    left = schedules
    while left > 0:
        some = tuple(islice(endless, min(left, WALKS_A_TASK)))
        left -= len(some)
        yield some


def _walked(seeds: tuple[int, ...]) -> tuple[str, Outcome]:
    chosen = list(_scenarios())[seeds[0] % len(list(_scenarios()))]
    outcome = Outcome()
    for seed in seeds:
        outcome.add(walk(chosen, seed)[0])
    return chosen.name.split(", ", 1)[1].rpartition(", ")[0], outcome
