"""A process as a function of what it hears: its code runs once for each thing it hears anew.

The code under test runs in a greenlet and stops wherever it meets the outside. Where it stops next depends on nothing
but what it has heard so far, so that is remembered: in another world, or on another day, a process that hears the same
goes the same way without its code being run again. Only the world's part, the effect of each call, is done every time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import greenlet

from tests.simulation.explorer.faults import Call, Crash, Effect, Heard, Killed

T = TypeVar("T")

# How many stopped greenlets are kept to go on from; the others are made again from what they heard.
_PARKED_MAX = 64


@dataclass(frozen=True, slots=True)
class Request:
    """It waits for the answer to a call."""

    call: Call
    effect: Effect


@dataclass(frozen=True, slots=True)
class Sleep:
    """It waits for time to pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Question:
    """It looks at the world, or leaves a mark in it, as nothing can prevent."""

    act: Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standing:
    """Where a process stands: what it waits for (None: it has ended), and how it came here.

    Attributes
    ----------
    heard
        Stands for all that it has heard and not forgotten; equal for two processes with the same future.
    invocation
        Counts the functions it has invoked; 0 outside of them.
    limit_seconds
        How long the function it is in may take.
    forgets_to
        What it will have heard when that function is killed: whatever the function knew dies with it.
    """

    heard: int
    waits_for: Request | Sleep | Question | None
    invocation: int = 0
    limit_seconds: float = 0
    forgets_to: int = 0
    before: Standing | None = None
    by: Heard | None = None


NOWHERE = Standing(heard=0, waits_for=None)
"""Where a process stands before it has begun."""


class Behaviour:
    """All that is known of what one process does."""

    def __init__(self, act: Callable[[], None], number: int) -> None:
        self._act = act
        self._root = hash(("a process", number))
        self._end = hash(("an ended process", number))
        self._next: dict[Hashable, Standing] = {}
        self._standings: dict[int, Standing] = {}
        self._parked: OrderedDict[int, Execution] = OrderedDict()
        self.start = self._entered(Execution(self._act, self._root), None, None)
        """Where it stops first."""

    def after(self, standing: Standing, heard: Heard) -> Standing:
        """Where it stops next when it hears this."""
        known = (
            ("killed", standing.forgets_to)
            if heard.is_crash and standing.invocation
            else (standing.heard, heard.digest)
        )
        found = self._next.get(known)
        if found is None:
            execution = self._parked.pop(standing.heard, None) or self._again(standing)
            execution.go_on(heard)
            found = self._next[known] = self._entered(execution, standing, heard)
        return found

    def _entered(self, execution: Execution, before: Standing | None, by: Heard | None) -> Standing:
        key = self._end if execution.is_done else execution.heard
        found = self._standings.get(key)
        if found is None:
            found = Standing(
                heard=key,
                waits_for=execution.waits_for,
                invocation=execution.invocation,
                limit_seconds=execution.limit_seconds,
                forgets_to=execution.forgets_to,
                before=before,
                by=by,
            )
            self._standings[key] = found
        if not execution.is_done:
            self._parked[key] = execution
            if len(self._parked) > _PARKED_MAX:
                self._parked.popitem(last=False)[1].end()
        return found

    def _again(self, standing: Standing) -> Execution:
        """A greenlet that stands there, made by letting it hear the same."""
        told: list[Heard] = []
        at: Standing | None = standing
        while at and at.by:
            told.append(at.by)
            at = at.before
        execution = Execution(self._act, self._root)
        for heard in reversed(told):
            execution.go_on(heard)
        if execution.heard != standing.heard:
            raise NotRepeatableError(f"a process heard the same and did not do the same: {told}")
        return execution

    def end(self) -> None:
        """Let go of every greenlet."""
        while self._parked:
            self._parked.popitem()[1].end()


class NotRepeatableError(Exception):
    """The code under test depends on something that it did not hear: a clock, a random number, another world."""


class Execution:
    """The code of one process, running; `current` is the one whose code runs now."""

    current: Execution | None = None

    def __init__(self, act: Callable[[], None], root: int) -> None:
        self.heard = root
        self.waits_for: Request | Sleep | Question | None = None
        self.invocation = 0
        self.limit_seconds = 0.0
        self.forgets_to = 0
        self.locals: dict[str, Any] = {}
        self._invocations = 0
        self._has_crashed = False
        self._greenlet = greenlet.greenlet(self._run)
        self._act = act
        self._switch()

    def _run(self) -> None:
        with suppress(Crash):
            self._act()

    @property
    def is_done(self) -> bool:
        """Its code has ended."""
        return bool(self._greenlet.dead)

    def go_on(self, heard: Heard) -> None:
        """Let it hear, and run to where it stops next."""
        self._switch(heard)

    def end(self) -> None:
        """Unwind it where it stands."""
        self._greenlet.throw()

    def _switch(self, *heard: Heard) -> None:
        before, Execution.current = Execution.current, self
        try:
            self._greenlet.switch(*heard)
        finally:
            Execution.current = before
        if self.is_done:
            self.waits_for = None

    # What the code asks ----------------------------------------------------------------------

    def meet(self, waits_for: Request | Sleep | Question) -> Any:
        """Stop here until something is heard."""
        if self._has_crashed:
            raise Crash
        self.waits_for = waits_for
        heard: Heard = self._greenlet.parent.switch()
        self.heard = hash((self.heard, heard.digest))
        self._has_crashed = heard.is_crash
        return heard.deliver()

    def invoke(self, act: Callable[[], T], *, seconds: float) -> T:
        """Run a function that is killed by crashes and by its own time limit.

        Raises
        ------
        Killed
            In place of its answer.
        """
        self._invocations += 1
        self.invocation, self.limit_seconds = self._invocations, seconds
        self.forgets_to = hash((self.heard, "killed"))
        try:
            return act()
        except Crash:
            self.heard = self.forgets_to
            raise Killed from None
        finally:
            self.invocation, self.limit_seconds, self.forgets_to = 0, 0.0, 0
            self._has_crashed = False


def running() -> Execution:
    """The process whose code runs now.

    Raises
    ------
    RuntimeError
        If none does: the code under test is called by processes only.
    """
    if Execution.current is None:
        raise RuntimeError(
            "no process is running: what it does belongs into the stages of a script"
        )
    return Execution.current


def at_call(call: Call, effect: Effect) -> Any:
    """Where borders send every call: whoever explores decides how it goes."""
    return running().meet(Request(call, effect))


def consult(act: Callable[[Any], T]) -> T:
    """Look at the world the process is in, or leave a mark in it; no schedule can prevent that."""
    answer: T = running().meet(Question(act))
    return answer


def sleep(seconds: float) -> None:
    """Let others go on until then."""
    running().meet(Sleep(seconds))
