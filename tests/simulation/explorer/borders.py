"""Where a process meets the world: clients in memory, real boto3 clients, HTTP pools."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ConnectionClosedError

from tests.simulation.explorer.faults import AT_EVERY_CALL, Call, Effect, Fault
from tests.simulation.explorer.run import Run, at_call

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
            step = Run.current.locals.get("step", "") if Run.current else ""
            return f"{step} > {place}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""


def connection_lost() -> Exception:
    """What boto3 raises when its own retries came to nothing."""
    return ConnectionClosedError(endpoint_url="https://aws.example")


class BorderedClient:
    """A boto3 client's stand-in whose every call is a choice.

    `idempotent` names the operations whose retry by the SDK does nothing the second time, because they carry a token
    (`TransactWriteItems`); all others are done again. `commutes` tells which calls no other process can interfere with.
    """

    def __init__(
        self,
        service: str,
        stand_in: Any,
        *,
        idempotent: frozenset[str] = frozenset(),
        commutes: Callable[[str, Mapping[str, Any]], bool] = lambda _operation, _arguments: False,
    ) -> None:
        self._service = service
        self._stand_in = stand_in
        self._idempotent = idempotent
        self._commutes = commutes

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        act = getattr(self._stand_in, operation)
        reads = operation.startswith(("get_", "query", "list_"))

        def call(**arguments: Any) -> Any:
            # A read that is sent twice is a read.
            faults = AT_EVERY_CALL if reads else (*AT_EVERY_CALL, Fault.REPEATED)
            answers: list[Any] = []

            def perform() -> Any:
                answers.append(act(**arguments))
                return answers[0]

            effect = Effect(
                perform=perform,
                lost=connection_lost,
                faults=faults,
                again=(lambda: answers[0]) if operation in self._idempotent else None,
                commutes=self._commutes(operation, arguments),
            )
            return at_call(Call(self._service, operation, site()), effect)

        return call
