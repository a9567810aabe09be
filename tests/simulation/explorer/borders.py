"""Where a process meets the world: clients in memory, real boto3 clients, HTTP pools."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ConnectionClosedError

from tests.simulation.explorer.faults import AT_EVERY_CALL, Call, Effect, Fault
from tests.simulation.explorer.process import at_call, running

# Which frames count as code under test; the innermost of them is a call's site.
CODE_UNDER_TEST = "/functions/"
_BORDERS = ("/functions/billing/adapters/", "/functions/billing/runtime/")


def site() -> str:
    """The place that makes the call that is being made: `step > file:line`, adapters passed over."""
    frame = sys._getframe(2)
    while frame:
        name = frame.f_code.co_filename
        start = name.find(CODE_UNDER_TEST)
        if start >= 0 and not any(border in name for border in _BORDERS):
            place = f"{name[start + len(CODE_UNDER_TEST) :]}:{frame.f_lineno}"
            step = running().locals.get("step", "")
            return f"{step} > {place}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""


def connection_lost() -> Exception:
    """What boto3 raises when its own retries came to nothing."""
    return ConnectionClosedError(endpoint_url="https://aws.example")


def _as_it_is(value: Any) -> Any:
    return value


class BorderedClient:
    """A boto3 client's stand-in whose every call is a choice.

    Parameters
    ----------
    service
        Its name in boto3.
    stand_in
        Gives, for a world, what answers there in the service's place. It must neither keep nor change what it is
        given, since one request may be made of many worlds.
    idempotent
        The operations whose retry by the SDK does nothing the second time, because they carry a token
        (`TransactWriteItems`); all others are done again.
    commutes
        Tells which calls no other process can interfere with.
    sent, received
        Turn streams into values on their way out, and values into streams on their way in: a value can be given twice.
    """

    def __init__(
        self,
        service: str,
        stand_in: Callable[[Any], Any],
        *,
        idempotent: frozenset[str] = frozenset(),
        commutes: Callable[[str, Mapping[str, Any]], bool] = lambda _operation, _arguments: False,
        sent: Callable[[dict[str, Any]], dict[str, Any]] = _as_it_is,
        received: Callable[[Any], Any] = _as_it_is,
    ) -> None:
        self._service = service
        self._stand_in = stand_in
        self._idempotent = idempotent
        self._commutes = commutes
        self._sent = sent
        self._received = received

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        reads = operation.startswith(("get_", "query", "list_"))

        def call(**given: Any) -> Any:
            arguments = self._sent(given)
            effect = Effect(
                perform=lambda world: getattr(self._stand_in(world), operation)(**arguments),
                lost=connection_lost,
                # A read that is sent twice is a read.
                faults=AT_EVERY_CALL if reads else (*AT_EVERY_CALL, Fault.REPEATED),
                is_idempotent=operation in self._idempotent,
                commutes=self._commutes(operation, arguments),
            )
            return self._received(at_call(Call(self._service, operation, site()), effect))

        return call
