"""One execution: processes as greenlets over one world, each stopped at every call until a decision lets it go on."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, Self, TypeVar

import greenlet

from tests.simulation.explorer.faults import Abandoned, Call, Crash, Effect, Fault, Killed

T = TypeVar("T")


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
    """How much may still go wrong."""

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


@dataclass(slots=True)
class Process:
    """A greenlet and what decides its future: where it stands and all that it has heard so far."""

    number: int
    greenlet: greenlet.greenlet
    call: Call | None = None
    effect: Effect | None = None
    wakes_at: datetime | None = None
    dies_at: datetime | None = None
    heard: int = 0
    is_done: bool = False
    has_crashed: bool = False
    locals: dict[str, Any] = field(default_factory=dict)

    def hear(self, said: object) -> None:
        """Two processes that heard the same in the same order are in the same state."""
        self.heard = hash((self.heard, said))

    def state(self) -> Hashable:
        """Equal for two processes with the same future."""
        return (self.is_done, self.heard, self.call, self.wakes_at, self.dies_at)


class Run:
    """Processes over one world. `current` is the run whose code is executing; there is one at a time."""

    current: Run | None = None

    def __init__(
        self,
        world: World,
        processes: Sequence[Callable[[], None]],
        budget: Budget,
        *,
        are_alike: bool = False,
        time_matters: Callable[[], bool] = lambda: True,
    ) -> None:
        self.world = world
        self.budget = budget
        self._time_matters = time_matters
        self.passed: list[Passed] = []
        self.processes = [
            Process(number, greenlet.greenlet(act), heard=0 if are_alike else number)
            for number, act in enumerate(processes)
        ]
        self._active: Process | None = None
        self._is_abandoned = False
        for process in self.processes:
            self._resume(process)

    # What the explorer asks ------------------------------------------------------------------

    @property
    def is_done(self) -> bool:
        """Every process has ended."""
        return all(process.is_done for process in self.processes)

    def options(self) -> list[Decision]:
        """All that may happen next, the undisturbed course first. Sleepers are woken when nobody else can go on."""
        runnable = self._runnable()
        while not runnable and not self.is_done:
            wakes = [p.wakes_at for p in self.processes if not p.is_done and p.wakes_at]
            self.world.move_to(min(wakes))
            runnable = self._runnable()
        at_once = next((p for p in runnable if p.effect and p.effect.commutes), None)
        if at_once:
            runnable = [at_once]
        found: list[Decision] = []
        faulty: list[Decision] = []
        for process in runnable:
            if process.dies_at and self.world.now >= process.dies_at:
                found.append(Decision(process.number, Fault.CRASH_BEFORE))
                continue
            found.append(Decision(process.number))
            if process.effect and self.budget.faults:
                faulty += [Decision(process.number, fault) for fault in process.effect.faults]
        if runnable and self.budget.jumps and not at_once and self._time_matters():
            faulty += [Decision(jump_seconds=each) for each in self.budget.jump_seconds]
        return found + faulty

    def key(self) -> Hashable:
        """Equal for two runs with the same future."""
        # Which of two processes in equal states is which makes no difference.
        states = tuple(sorted((process.state() for process in self.processes), key=hash))
        return (self.world.fingerprint(), states, self.budget.faults, self.budget.jumps)

    def take(self, decision: Decision) -> None:
        """Let it happen."""
        if decision.jump_seconds:
            self.budget = Budget(
                self.budget.faults, self.budget.jumps - 1, self.budget.jump_seconds
            )
            self.world.move_to(self.world.now + timedelta(seconds=decision.jump_seconds))
            return
        process = self.processes[decision.process]
        is_timeout = process.dies_at is not None and self.world.now >= process.dies_at
        if decision.fault is not Fault.NONE and not is_timeout:
            self.budget = Budget(
                self.budget.faults - 1, self.budget.jumps, self.budget.jump_seconds
            )
        if process.call:
            self.passed.append(Passed(process.number, process.call, decision.fault, self.world.now))
        self._resume(process, decision.fault)

    def abandon(self) -> None:
        """Unwind every process where it stands."""
        self._is_abandoned = True
        for process in self.processes:
            if not process.is_done:
                self._resume(process)

    # What processes ask ----------------------------------------------------------------------

    def at_call(self, call: Call, effect: Effect) -> Any:
        """Stop at a call; whoever decides lets it go one way or another."""
        process = self._the_active()
        if process.has_crashed:
            raise Crash
        process.call, process.effect = call, effect
        fault = self._stop(process)
        process.call = process.effect = None
        try:
            answer = effect.play(fault)
        except Crash:
            process.has_crashed = True
            raise
        except Exception as error:
            process.hear((type(error).__name__, str(error)))
            raise
        process.hear(effect.digest(answer))
        return answer

    def invoke(self, act: Callable[[], T], *, seconds: float) -> T:
        """Run a function that is killed by crashes and by its own time limit.

        Raises
        ------
        Killed
            In place of its answer.
        """
        process = self._the_active()
        before = process.heard
        process.dies_at = self.world.now + timedelta(seconds=seconds)
        try:
            answer = act()
        except Crash:
            # Whatever it knew died with it.
            process.heard = hash((before, "killed"))
            raise Killed from None
        except Exception as error:
            process.heard = hash((before, type(error).__name__, str(error)))
            raise
        finally:
            process.dies_at = None
            process.has_crashed = False
        process.heard = hash((before, repr(answer)))
        return answer

    def sleep(self, seconds: float) -> None:
        """Let others go on until then."""
        process = self._the_active()
        process.wakes_at = self.world.now + timedelta(seconds=seconds)
        self._stop(process)
        process.wakes_at = None

    @property
    def locals(self) -> dict[str, Any]:
        """A place for what belongs to the active process, such as its warm clients."""
        return self._the_active().locals

    # How it switches -------------------------------------------------------------------------

    def _runnable(self) -> list[Process]:
        now = self.world.now
        return [
            process
            for process in self.processes
            if not process.is_done and (process.wakes_at is None or process.wakes_at <= now)
        ]

    def _the_active(self) -> Process:
        if self._active is None:
            raise RuntimeError("no process is running: calls belong into the processes of a run")
        return self._active

    def _resume(self, process: Process, fault: Fault = Fault.NONE) -> None:
        before, Run.current = Run.current, self
        self._active = process
        try:
            if process.greenlet:
                process.greenlet.switch(fault)
            else:
                process.greenlet.switch()
        except Abandoned:
            pass
        finally:
            self._active, Run.current = None, before
        process.is_done = process.greenlet.dead

    def _stop(self, process: Process) -> Fault:
        if self._is_abandoned:
            raise Abandoned
        fault: Fault = process.greenlet.parent.switch()
        if self._is_abandoned:
            raise Abandoned
        return fault


def at_call(call: Call, effect: Effect) -> Any:
    """Where borders send every call: a choice inside a run, a plain call while a world is being set up."""
    return Run.current.at_call(call, effect) if Run.current else effect.perform()
