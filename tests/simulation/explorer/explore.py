"""All schedules of a script, each state once.

A script is a list of stages; a stage is one process or several at once. Inside a stage every schedule is a path through
a graph: its nodes are the states in which something must be decided, its edges the decisions. Two paths that meet in
the same state have the same future, so each state is expanded once, where the fewest faults lead to it, and paths are
counted, not walked: the figures say how many schedules the graph holds, and no schedule is left out.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from tests.simulation.explorer.faults import Call, Fault
from tests.simulation.explorer.process import Behaviour
from tests.simulation.explorer.run import Budget, Decision, Passed, Run, World

W = TypeVar("W", bound=World)

Act = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Generic[W]):
    """One part of a script.

    `processes` run side by side; the same function given twice is two processes that do the same. `after` is how long
    after the script's beginning it starts (never earlier than the stage before ended). A stage that `is_undisturbed`
    suffers no fault: it is how a script says "and then everything works again". The clock jumps only while
    `time_matters`: elsewhere a jump is a later start.
    """

    name: str
    processes: Sequence[Act]
    after: timedelta = timedelta(0)
    is_undisturbed: bool = False
    time_matters: Callable[[W], bool] = lambda _world: True


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
    """A state in which schedules end; how many do, by the faults they suffered; and one of them."""

    world: W
    ways: list[int]
    jumps: int
    witness: Schedule

    def add(self, ways: Sequence[int]) -> None:
        """More schedules end here."""
        self.ways = [mine + other for mine, other in zip(self.ways, ways, strict=True)]

    @property
    def schedules(self) -> int:
        """How many schedules end here."""
        return sum(self.ways)

    @property
    def fewest_faults(self) -> int:
        """What it takes at least to come here."""
        return next(faults for faults, ways in enumerate(self.ways) if ways)


@dataclass(slots=True)
class Tally:
    """What exploring took: states that were expanded, calls that were played, and which calls went which way."""

    schedules: int = 0
    states: int = 0
    calls: int = 0
    covered: set[tuple[Call, Fault]] = field(default_factory=set)

    def add(self, other: Tally) -> None:
        """Count both."""
        self.schedules += other.schedules
        self.states += other.states
        self.calls += other.calls
        self.covered |= other.covered

    def pass_on(self, passed: Passed | None) -> None:
        """A call was let go."""
        if passed:
            self.calls += 1
            self.covered.add((passed.call, passed.fault))


class Behaviours:
    """What is known of each process, kept from stage to stage."""

    def __init__(self) -> None:
        self._known: dict[Act, Behaviour] = {}

    def of(self, acts: Sequence[Act]) -> list[Behaviour]:
        """Those of these processes."""
        for act in acts:
            if act not in self._known:
                self._known[act] = Behaviour(act, len(self._known))
        return [self._known[act] for act in acts]

    def end(self) -> None:
        """Let go of what they hold."""
        for each in self._known.values():
            each.end()


def begin(stage: Stage[W], world: W, behaviours: Behaviours, budget: Budget) -> Run[W]:
    """A stage's processes, at their first calls."""
    return Run(
        world,
        behaviours.of(stage.processes),
        budget.jumps,
        jump_seconds=budget.jump_seconds,
        time_matters=stage.time_matters,
        is_undisturbed=stage.is_undisturbed,
    )


def explore(
    world: W, stages: Sequence[Stage[W]], budget: Budget, *, tally: Tally
) -> Iterator[Explored[W]]:
    """Every state the script can end in."""
    begun, behaviours = world.now, Behaviours()
    frontier = [Explored(world, [1] + [0] * budget.faults, budget.jumps, Schedule())]
    for stage in stages:
        for reached in frontier:
            _wait(reached.world, begun + stage.after)
        frontier = _Graph(stage, budget, behaviours, tally).ends(frontier)
    behaviours.end()
    tally.schedules += sum(end.schedules for end in frontier)
    yield from frontier


def _wait(world: World, until: datetime) -> None:
    if until > world.now:
        world.move_to(until)


@dataclass(frozen=True, slots=True)
class _Way(Generic[W]):
    """How a state was come to: the stages before, and the last step in this one."""

    begun: Schedule
    parent: _Node[W] | None = None
    decision: Decision = field(default_factory=Decision)


@dataclass(slots=True, eq=False)
class _Node(Generic[W]):
    """A state. Its run is let go of once it is expanded; `level` is the fewest faults that lead here."""

    run: Run[W] | None
    level: int
    way: _Way[W]
    jumps: int
    ways: list[int]
    edges: list[tuple[int, _Node[W]]] = field(default_factory=list)
    incoming: int = 0

    def witness(self) -> Schedule:
        """One way here."""
        taken: list[Decision] = []
        way = self.way
        while way.parent:
            taken.append(way.decision)
            way = way.parent.way
        return Schedule(stages=(*way.begun.stages, tuple(reversed(taken))))


class _Graph(Generic[W]):
    """One stage, from every state it can begin in."""

    def __init__(
        self, stage: Stage[W], budget: Budget, behaviours: Behaviours, tally: Tally
    ) -> None:
        self._stage = stage
        self._budget = budget
        self._behaviours = behaviours
        self._tally = tally
        self._nodes: dict[Hashable, _Node[W]] = {}
        self._ended: list[_Node[W]] = []
        # By the faults it took to come there: where fewer have happened, more may follow.
        self._pending: list[list[_Node[W]]] = [[] for _ in range(budget.faults + 1)]

    def ends(self, beginnings: Sequence[Explored[W]]) -> list[Explored[W]]:
        """Every state it can end in."""
        for reached in beginnings:
            self._begin(reached)
        for level, pending in enumerate(self._pending):
            while pending:
                node = pending.pop()
                if node.level == level and node.run and not node.edges:
                    self._expand(node, node.run)
        self._count()
        ends: dict[Hashable, Explored[W]] = {}
        for node in self._ended:
            run = node.run
            assert run is not None
            key = (run.world.fingerprint(), node.jumps)
            if key in ends:
                ends[key].add(node.ways)
            else:
                ends[key] = Explored(run.world, node.ways, node.jumps, node.witness())
        return list(ends.values())

    def _begin(self, reached: Explored[W]) -> None:
        budget = replace(self._budget, jumps=reached.jumps)
        run = begin(self._stage, reached.world, self._behaviours, budget)
        node = self._node(run, reached.fewest_faults, _Way(reached.witness))
        for faults, ways in enumerate(reached.ways):
            node.ways[faults] += ways

    def _node(self, run: Run[W], level: int, way: _Way[W]) -> _Node[W]:
        """The state a run is in, to be expanded at the lowest level that leads to it."""
        key = run.key()
        node = self._nodes.get(key)
        if node is None:
            ways = [0] * (self._budget.faults + 1)
            node = self._nodes[key] = _Node(run, level, way, run.jumps, ways)
            self._pending[level].append(node)
        elif level < node.level:
            node.level, node.way = level, way
            self._pending[level].append(node)
        return node

    def _expand(self, node: _Node[W], run: Run[W]) -> None:
        self._tally.states += 1
        undisturbed = run.options()
        if not undisturbed:
            self._ended.append(node)
            return
        disturbed = run.faults() if node.level < self._budget.faults else []
        choices = [
            *((1, each) for each in disturbed),
            *((0, each) for each in run.clock_jumps()),
            *((0, each) for each in undisturbed),
        ]
        for cost, decision in choices:
            following = run.copy()
            self._tally.pass_on(following.take(decision))
            way = _Way(node.way.begun, node, decision)
            child = self._node(following, node.level + cost, way)
            node.edges.append((cost, child))
            child.incoming += 1
        node.run = None

    def _count(self) -> None:
        """How many paths lead to each state; the graph has no circles, since time and calls only go on."""
        ready = deque(node for node in self._nodes.values() if not node.incoming)
        while ready:
            node = ready.popleft()
            for cost, child in node.edges:
                for faults in range(len(node.ways) - cost):
                    child.ways[faults + cost] += node.ways[faults]
                child.incoming -= 1
                if not child.incoming:
                    ready.append(child)


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

    def choose(place: tuple[int, int], options: _Options) -> Decision:
        return told.pop(place, options.undisturbed[0])

    passed = _walk(world, stages, budget, choose)
    if told:
        raise ValueError(f"the script never came to {sorted(told)}")
    return passed


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

    def choose(place: tuple[int, int], options: _Options) -> Decision:
        is_faulty = bool(options.disturbed) and chance.random() < fault_rate
        chosen = chance.choice(options.disturbed if is_faulty else options.undisturbed)
        taken[place[0]].append(chosen)
        return chosen

    passed = _walk(world, stages, budget, choose)
    return Schedule(stages=tuple(tuple(each) for each in taken)), passed


@dataclass(frozen=True, slots=True)
class _Options:
    """What may happen next, within what is left of the allowance."""

    undisturbed: list[Decision]
    disturbed: list[Decision]


def _walk(
    world: W,
    stages: Sequence[Stage[W]],
    budget: Budget,
    choose: Callable[[tuple[int, int], _Options], Decision],
) -> list[Passed]:
    begun, behaviours = world.now, Behaviours()
    passed: list[Passed] = []
    for number, stage in enumerate(stages):
        _wait(world, begun + stage.after)
        run, position = begin(stage, world, behaviours, budget), 0
        while undisturbed := run.options():
            faults = run.faults() if budget.faults else []
            options = _Options(undisturbed, [*faults, *run.clock_jumps()])
            decision = choose((number, position), options)
            if decision not in (*undisturbed, *options.disturbed):
                raise ValueError(f"stage {number} has no {decision} at {position}")
            budget = replace(budget, faults=budget.faults - (decision in faults))
            passed += filter(None, [run.take(decision)])
            position += 1
        budget = replace(budget, jumps=run.jumps)
    behaviours.end()
    return passed
