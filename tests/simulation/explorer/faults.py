"""What may happen at one call: the alphabet every schedule is written in."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
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


class Abandoned(BaseException):
    """The explorer has seen enough of this run."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a call does, and what each fault means for it.

    Attributes
    ----------
    perform
        Does it and returns the answer, or raises as the service does.
    lost
        The error the process sees when no answer comes.
    faults
        Which faults can befall it.
    again
        The client's own retry of the same request; the answer of the second.
    later
        Lets the effect happen later.
    failed
        The answer of a service that fails.
    digest
        A short value that tells two answers apart.
    commutes
        Nothing another process does can change its answer, nor it theirs: it is taken at once, in no particular order.
    """

    perform: Callable[[], Any]
    lost: Callable[[], Exception]
    faults: tuple[Fault, ...] = AT_EVERY_CALL
    again: Callable[[], Any] | None = None
    later: Callable[[], None] | None = None
    failed: Callable[[], Any] | None = None
    digest: Callable[[Any], object] = repr
    commutes: bool = False

    def play(self, fault: Fault) -> Any:
        """Let the call go this way."""
        match fault:
            case Fault.NONE:
                return self.perform()
            case Fault.REPEATED:
                _whatever(self.perform)
                return (self.again or self.perform)()
            case Fault.CRASH_BEFORE:
                raise Crash
            case Fault.LOST_BEFORE:
                raise self.lost()
            case Fault.ERROR_BEFORE:
                return _needed(self.failed)()
        if fault in {Fault.LOST_LATE, Fault.CRASH_LATE}:
            _needed(self.later)()
        else:
            _whatever(self.perform)
        if fault in {Fault.CRASH_AFTER, Fault.CRASH_LATE}:
            raise Crash
        if fault is Fault.ERROR_AFTER:
            return _needed(self.failed)()
        raise self.lost()


def _whatever(perform: Callable[[], Any]) -> None:
    """Do it; nobody hears the answer, not even that it was refused."""
    with suppress(Exception):
        perform()


def _needed(made: Callable[[], Any] | None) -> Callable[[], Any]:
    if made is None:
        raise TypeError("this effect declares a fault it cannot play")
    return made
