"""What may happen at one call: the alphabet every schedule is written in."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """How one call goes. Everything but `NONE` is a fault and uses up the schedule's allowance."""

    NONE = "ok"
    CRASH_BEFORE = "crash_before"
    """The process dies; the request never left."""
    CRASH_AFTER = "crash_after"
    """The request took effect; the process dies before it hears so."""
    LOST_BEFORE = "lost_before"
    """The request never arrived; the process hears an error."""
    LOST_AFTER = "lost_after"
    """The request took effect; the process hears an error."""
    REPEATED = "repeated"
    """The client's own retry sends the request twice; the process hears the second answer."""
    LOST_LATE = "lost_late"
    """The process hears an error now; the request takes effect later."""
    CRASH_LATE = "crash_late"
    """The process dies now; the request takes effect later."""
    ERROR_BEFORE = "error_before"
    """The service answers with a failure of its own and did nothing."""
    ERROR_AFTER = "error_after"
    """The service answers with a failure of its own, and did what was asked."""


AT_EVERY_CALL = (Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.LOST_BEFORE, Fault.LOST_AFTER)


class Crash(BaseException):
    """The process ends here. No handler may catch it and go on."""


class Killed(Exception):  # noqa: N818 the word of the service that kills
    """An invocation ended without an answer, as its caller sees it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request at the border of the process. `site` is the place in the code under test that made it."""

    service: str
    operation: str
    site: str = ""

    def __str__(self) -> str:
        """As a trace shows it."""
        return f"{self.service}.{self.operation}" + (f" from {self.site}" if self.site else "")


@dataclass(frozen=True, slots=True)
class Heard:
    """What comes back to a process: a value, an error, or its own end. `digest` tells two of them apart."""

    value: Any = None
    error: Exception | None = None
    is_crash: bool = False
    digest: Hashable = field(init=False)

    def __post_init__(self) -> None:
        told = _told(self.error) if self.error else repr(self.value)
        object.__setattr__(self, "digest", (self.is_crash, told))

    def deliver(self) -> Any:
        """Let the process hear it."""
        if self.is_crash:
            raise Crash
        if self.error:
            raise self.error.with_traceback(None)
        return self.value


def _told(error: Exception) -> Hashable:
    return (type(error).__name__, str(error), repr(getattr(error, "response", "")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a call does to a world, and what each fault means for it.

    Attributes
    ----------
    perform
        Does it to a world and returns the answer, or raises as the service does.
    lost
        The error the process hears when no answer comes.
    faults
        Which faults can befall it.
    is_idempotent
        The client's own retry of the same request is answered as the first was and does nothing more.
    later
        Lets the effect happen later.
    failed
        The answer of a service that fails.
    commutes
        Nothing another process does can change its answer, nor it theirs: it is taken at once, in no particular order.
    """

    perform: Callable[[Any], Any]
    lost: Callable[[], Exception]
    faults: tuple[Fault, ...] = AT_EVERY_CALL
    is_idempotent: bool = False
    later: Callable[[Any], None] | None = None
    failed: Callable[[], Any] | None = None
    commutes: bool = False

    def play(self, fault: Fault, world: Any) -> Heard:
        """Let the call go this way."""
        match fault:
            case Fault.NONE:
                return self._done(world)
            case Fault.REPEATED:
                first = self._done(world)
                return first if self.is_idempotent else self._done(world)
            case Fault.LOST_LATE | Fault.CRASH_LATE:
                _needed(self.later)(world)
            case Fault.CRASH_AFTER | Fault.LOST_AFTER | Fault.ERROR_AFTER:
                self._done(world)
        match fault:
            case Fault.CRASH_BEFORE | Fault.CRASH_AFTER | Fault.CRASH_LATE:
                return CRASHED
            case Fault.ERROR_BEFORE | Fault.ERROR_AFTER:
                return Heard(_needed(self.failed)())
        return Heard(error=self.lost())

    def _done(self, world: Any) -> Heard:
        try:
            return Heard(self.perform(world))
        except Exception as error:  # noqa: BLE001 what the service raises is what the process hears
            return Heard(error=error)


CRASHED = Heard(is_crash=True)


def _needed(made: Callable[..., Any] | None) -> Callable[..., Any]:
    if made is None:
        raise TypeError("this effect declares a fault it cannot play")
    return made
