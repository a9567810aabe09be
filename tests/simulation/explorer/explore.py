"""All schedules of a script, each state once.

A script is a list of stages; a stage is one process or several at once. Inside a stage every schedule is a path through
a graph: its nodes are the states in which something must be decided, its edges the decisions. Two paths that meet in
the same state have the same future, so each state is expanded once and paths are counted, not walked: the figures say
how many schedules the runs stand for, and no schedule is left out.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from typing import Generic, TypeVar

from tests.simulation.explorer.faults import Call, Fault
from tests.simulation.explorer.run import Budget, Decision, Passed, Run, World

W = TypeVar("W", bound=World)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Generic[W]):
    """One part of a script.

    `processes` makes, for a world, what runs side by side; `after` is how long after the script's beginning it starts
    (never earlier than the stage before ended). A stage that `is_undisturbed` suffers no fault: it is how a script
    says "and then everything works again". Processes that `are_alike` do the same with the same input, so it makes no
    difference which of them is first. The clock jumps only while `time_matters`: elsewhere a jump is a later start.
    """

    name: str
    processes: Callable[[W], Sequence[Callable[[], None]]]
    after: timedelta = timedelta(0)
    is_undisturbed: bool = False
    are_alike: bool = False
    time_matters: Callable[[W], bool] = lambda _world: True

    def run(self, world: W, budget: Budget) -> Run:
        """Begin it."""
        allowed = Budget() if self.is_undisturbed else budget
        return Run(
            world,
            self.processes(world),
            allowed,
            are_alike=self.are_alike,
            time_matters=lambda: self.time_matters(world),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What was decided, stage by stage; written out, it replays."""

    stages: tuple[tuple[Decision, ...], ...] = ()

    def __str__(self) -> str:
        """Only what left the default course: `stage/position=decision`."""
        told = [
            f"{number}/{position}={decision}"
            for number, stage in enumerate(self.stages)
            for position, decision in enumerate(stage)
            if decision != Decision()
        ]
        return ",".join(told) or "undisturbed"


@dataclass(slots=True)
class Explored(Generic[W]):
    """A state in which schedules end, how many do, and one of them."""

    world: W
    schedules: int
    budget: Budget
    witness: Schedule


@dataclass(slots=True)
class Tally:
    """What exploring took."""

    schedules: int = 0
    states: int = 0
    runs: int = 0
    covered: set[tuple[Call, Fault]] = field(default_factory=set)

    def add(self, other: Tally) -> None:
        """Count both."""
        self.schedules += other.schedules
        self.states += other.states
        self.runs += other.runs
        self.covered |= other.covered


Watch = Callable[[Run], None]


def explore(
    world: W,
    stages: Sequence[Stage[W]],
    budget: Budget,
    *,
    tally: Tally,
    watch: Watch = lambda _run: None,
) -> Iterator[Explored[W]]:
    """Every state the script can end in. `watch` sees each run as it ends."""
    begun = world.now
    frontier = [Explored(world, 1, budget, Schedule())]
    for stage in stages:
        ends: dict[Hashable, Explored[W]] = {}
        for reached in frontier:
            _wait(reached.world, begun + stage.after)
            for end in _through(stage, reached, tally, watch):
                key = (end.world.fingerprint(), end.budget)
                if key in ends:
                    ends[key].schedules += end.schedules
                else:
                    ends[key] = end
        frontier = list(ends.values())
    tally.schedules += sum(end.schedules for end in frontier)
    yield from frontier


def _wait(world: World, until: object) -> None:
    if until > world.now:  # type: ignore[operator]
        world.move_to(until)  # type: ignore[arg-type]


def _through(
    stage: Stage[W], reached: Explored[W], tally: Tally, watch: Watch
) -> Iterator[Explored[W]]:
    """Every end of one stage from one state."""
    parents: defaultdict[Hashable, list[Hashable]] = defaultdict(list)
    ends: dict[Hashable, tuple[W, Budget, tuple[Decision, ...]]] = {}
    pending: list[tuple[tuple[Decision, ...], Hashable]] = [((), None)]
    while pending:
        prefix, parent = pending.pop()
        start = reached.world.copy()
        run = stage.run(start, reached.budget)
        taken = list(prefix)
        for decision in prefix:
            run.options()
            run.take(decision)
        tally.runs += 1
        while True:
            options = run.options()
            while len(options) == 1:
                run.take(options[0])
                taken.append(options[0])
                options = run.options()
            key = run.key()
            is_known = key in parents
            parents[key].append(parent)
            if is_known:
                run.abandon()
                break
            tally.states += 1
            if not options:
                ends[key] = (start, run.budget, tuple(taken))
                break
            pending += [((*taken, other), key) for other in options[1:]]
            run.take(options[0])
            taken.append(options[0])
            parent = key
        tally.covered.update((passed.call, passed.fault) for passed in run.passed)
        watch(run)

    ways = _ways_through(parents)
    for key, (world, left, decisions) in ends.items():
        yield Explored(
            world,
            reached.schedules * ways(key),
            reached.budget if stage.is_undisturbed else left,
            Schedule(stages=(*reached.witness.stages, decisions)),
        )


def _ways_through(
    parents: dict[Hashable, list[Hashable]],
) -> Callable[[Hashable], int]:
    """How many paths lead to a node; the graph has no circles, since time and calls only go on."""

    @cache
    def ways(key: Hashable) -> int:
        return sum(1 if parent is None else ways(parent) for parent in parents[key])

    return ways


def replay(world: W, stages: Sequence[Stage[W]], budget: Budget, schedule: str) -> list[Passed]:
    """Walk one schedule as `Schedule` wrote it; every call it made is returned, and the world is left as it ended.

    Raises
    ------
    ValueError
        If the schedule does not fit the script: it was written for another version of the code.
    """
    told: dict[tuple[int, int], Decision] = {}
    for part in () if schedule == "undisturbed" else schedule.split(","):
        place, _, text = part.partition("=")
        stage_text, _, position = place.partition("/")
        told[int(stage_text), int(position)] = Decision.parse(text)
    return _walk(world, stages, budget, lambda place, options: told.pop(place, options[0]), told)


def wander(
    world: W,
    stages: Sequence[Stage[W]],
    budget: Budget,
    chance: random.Random,
    *,
    fault_rate: float = 0.08,
) -> tuple[Schedule, list[Passed]]:
    """One schedule at random: the same `chance` walks the same way."""
    taken: list[list[Decision]] = [[] for _ in stages]

    def choose(place: tuple[int, int], options: list[Decision]) -> Decision:
        undisturbed = [each for each in options if not _disturbs(each)] or options
        disturbed = [each for each in options if _disturbs(each)]
        is_faulty = bool(disturbed) and chance.random() < fault_rate
        chosen = chance.choice(disturbed if is_faulty else undisturbed)
        taken[place[0]].append(chosen)
        return chosen

    passed = _walk(world, stages, budget, choose, {})
    return Schedule(stages=tuple(tuple(each) for each in taken)), passed


def _disturbs(decision: Decision) -> bool:
    return decision.fault is not Fault.NONE or decision.jump_seconds > 0


def _walk(
    world: W,
    stages: Sequence[Stage[W]],
    budget: Budget,
    choose: Callable[[tuple[int, int], list[Decision]], Decision],
    left: dict[tuple[int, int], Decision],
) -> list[Passed]:
    begun, passed = world.now, []
    for number, stage in enumerate(stages):
        _wait(world, begun + stage.after)
        run = stage.run(world, budget)
        position = 0
        while options := run.options():
            decision = choose((number, position), options)
            if decision not in options:
                raise ValueError(f"stage {number} has no {decision} at {position}")
            run.take(decision)
            position += 1
        passed += run.passed
        if not stage.is_undisturbed:
            budget = replace(run.budget)
    if left:
        raise ValueError(f"the script never came to {sorted(left)}")
    return passed
