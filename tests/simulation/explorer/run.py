"""One execution: processes side by side over one world, each stopped at every call until a decision lets it go on."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, Self, TypeVar

from tests.simulation.explorer.faults import CRASHED, Call, Effect, Fault, Heard
from tests.simulation.explorer.process import (
    NOWHERE,
    Behaviour,
    Question,
    Request,
    Sleep,
    Standing,
)

_AWAKE = Heard()


class World(Protocol):
    """Everything that outlives a process: tables, buckets, the other side of the wire, and the time."""

    @property
    def now(self) -> datetime:
        """The world's time."""
        ...

    def move_to(self, now: datetime) -> None:
        """Let time pass; what was under way arrives."""
        ...

    def copy(self) -> Self:
        """A world that goes its own way from here."""
        ...

    def fingerprint(self) -> Hashable:
        """Equal for two worlds exactly when nothing inside them can ever tell them apart."""
        ...


W = TypeVar("W", bound=World)


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens next: a process goes on, its call going this way, or time jumps."""

    process: int = 0
    fault: Fault = Fault.NONE
    jump_seconds: int = 0

    def __str__(self) -> str:
        """As a schedule writes it."""
        if self.jump_seconds:
            return f"+{self.jump_seconds}s"
        return f"{self.process}:{self.fault}"

    @classmethod
    def parse(cls, text: str) -> Decision:
        """A decision as `str` wrote it."""
        if text.startswith("+"):
            return cls(jump_seconds=int(text[1:-1]))
        process, _, fault = text.partition(":")
        return cls(int(process), Fault(fault))


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may go wrong."""

    faults: int = 0
    jumps: int = 0
    jump_seconds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Passed:
    """One call that was let go, for traces and for coverage."""

    process: int
    call: Call
    fault: Fault
    at: datetime


@dataclass(frozen=True, slots=True)
class Process:
    """A behaviour under way: where it stands, when it wakes, when the function it is in is killed."""

    number: int
    behaviour: Behaviour
    standing: Standing
    wakes_at: datetime | None = None
    dies_at: datetime | None = None

    @property
    def is_done(self) -> bool:
        """It has ended."""
        return self.standing.waits_for is None

    @property
    def effect(self) -> Effect | None:
        """What the call it waits for does."""
        waits_for = self.standing.waits_for
        return waits_for.effect if isinstance(waits_for, Request) else None

    def state(self) -> tuple[int, datetime | None, datetime | None]:
        """Equal for two processes with the same future."""
        return (self.standing.heard, self.wakes_at, self.dies_at)


class Run(Generic[W]):
    """Processes over one world."""

    def __init__(
        self,
        world: W,
        behaviours: Sequence[Behaviour],
        jumps: int,
        *,
        jump_seconds: Sequence[int] = (),
        time_matters: Callable[[W], bool] = lambda _world: True,
        is_undisturbed: bool = False,
    ) -> None:
        self.world = world
        self.jumps = jumps
        self._jump_seconds = jump_seconds
        self._time_matters = time_matters
        self._is_undisturbed = is_undisturbed
        self.processes = [
            self._entering(Process(number, each, NOWHERE), each.start)
            for number, each in enumerate(behaviours)
        ]
        self._wake()

    def copy(self) -> Self:
        """One that goes its own way from here."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.world = self.world.copy()
        other.processes = list(self.processes)
        return other

    def options(self) -> list[Decision]:
        """All that may happen next without a fault; nothing when every process has ended."""
        return [self._undisturbed(process) for process in self._next()]

    def faults(self) -> list[Decision]:
        """How the calls of the options may go wrong."""
        if self._is_undisturbed:
            return []
        return [
            Decision(process.number, fault)
            for process in self._next()
            if process.effect and not self._is_late(process)
            for fault in process.effect.faults
        ]

    def clock_jumps(self) -> list[Decision]:
        """How far time may jump before anything goes on."""
        going_on = self._next()
        if self._is_undisturbed or not self.jumps or not going_on:
            return []
        if _commutes(going_on[0]) or not self._time_matters(self.world):
            return []
        return [Decision(jump_seconds=each) for each in self._jump_seconds]

    def key(self) -> Hashable:
        """Equal for two runs with the same future, whatever may still go wrong."""
        # Which of two processes in equal states is which makes no difference.
        states = tuple(sorted((process.state() for process in self.processes), key=hash))
        return (self.world.fingerprint(), states, self.jumps)

    def take(self, decision: Decision) -> Passed | None:
        """Let it happen; the call that was let go is returned."""
        if decision.jump_seconds:
            self.jumps -= 1
            self.world.move_to(self.world.now + timedelta(seconds=decision.jump_seconds))
            return None
        process, passed = self.processes[decision.process], None
        heard = CRASHED if decision.fault is Fault.CRASH_BEFORE else _AWAKE
        if isinstance(request := process.standing.waits_for, Request):
            passed = Passed(process.number, request.call, decision.fault, self.world.now)
            heard = request.effect.play(decision.fault, self.world)
        standing = process.behaviour.after(process.standing, heard)
        self.processes[process.number] = self._entering(process, standing)
        self._wake()
        return passed

    def _entering(self, process: Process, standing: Standing) -> Process:
        """It goes on to where it stops, its questions answered; what it has begun there counts from now."""
        while isinstance(question := standing.waits_for, Question):
            heard = Heard(question.act(self.world))
            standing = process.behaviour.after(standing, heard)
        dies_at = process.dies_at
        if standing.invocation != process.standing.invocation:
            limit = timedelta(seconds=standing.limit_seconds)
            dies_at = self.world.now + limit if standing.invocation else None
        wakes_at = None
        if isinstance(waits_for := standing.waits_for, Sleep):
            wakes_at = self.world.now + timedelta(seconds=waits_for.seconds)
        return Process(process.number, process.behaviour, standing, wakes_at, dies_at)

    def _wake(self) -> None:
        """Let time pass when nobody can go on before."""
        while not self._runnable() and not all(process.is_done for process in self.processes):
            wakes = [process.wakes_at for process in self.processes if process.wakes_at]
            self.world.move_to(min(wakes))

    def _runnable(self) -> list[Process]:
        now = self.world.now
        return [
            process
            for process in self.processes
            if not process.is_done and (process.wakes_at is None or process.wakes_at <= now)
        ]

    def _next(self) -> list[Process]:
        """Who may go on: anyone, or first of all the one whose call meets nobody else's."""
        runnable = self._runnable()
        at_once = next((each for each in runnable if _commutes(each)), None)
        return [at_once] if at_once else runnable

    def _is_late(self, process: Process) -> bool:
        return process.dies_at is not None and self.world.now >= process.dies_at

    def _undisturbed(self, process: Process) -> Decision:
        """It goes on, or is killed because its time is over."""
        fault = Fault.CRASH_BEFORE if self._is_late(process) else Fault.NONE
        return Decision(process.number, fault)


def _commutes(process: Process) -> bool:
    return process.effect is not None and process.effect.commutes
