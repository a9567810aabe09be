"""A clearinghouse in memory, at the other end of the HTTP connection: it keeps its promises and no others."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import urllib3

from tests.simulation.explorer import AT_EVERY_CALL, Call, Effect, Fault, at_call
from tests.simulation.explorer.borders import site

_CLAIM = re.compile(r"CLM\*([^*]+)\*")
_APPEAL = re.compile(r'"appeal_id":"([^"]+)"')
_INTERCHANGE = re.compile(r"IEA\*1\*(\d+)")
_OK, _CONFLICT, _UNPROCESSABLE, _REFUSED = 200, 409, 422, 400
_ABSENT, _FAILED = 404, 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """What this clearinghouse does, whatever it declares.

    Attributes
    ----------
    key_window
        How long it honours an idempotency key; zero for not at all.
    has_list
        Whether it can be asked what it holds; the list shows everything it took, at once.
    landing_delay
        How late a request may still arrive after its sender gave up; zero for never.
    refuses
        It finds fault with every claim.
    """

    key_window: timedelta = timedelta(hours=24)
    has_list: bool = True
    landing_delay: timedelta = timedelta(0)
    refuses: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """As much of urllib3's answer as the adapter reads."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        """The body's bytes."""
        return self.body.encode()

    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Request:
    """A submission on its way."""

    key: str
    body: str

    @property
    def digest(self) -> str:
        """Tells two bodies apart."""
        return hashlib.sha256(self.body.encode()).hexdigest()


@dataclass(slots=True)
class ModelClearinghouse:
    """What it took, which keys it remembers, and what is still under way to it."""

    promises: Promises
    now: datetime
    taken: tuple[str, ...] = ()
    """Patient control numbers, one for each time a claim was taken; of appeals, their ids."""
    files: tuple[str, ...] = ()
    """Control numbers of the interchanges that were taken."""
    keys: dict[str, tuple[datetime, str, str]] = field(default_factory=dict)
    under_way: tuple[tuple[datetime, Request], ...] = ()
    refused: int = 0
    mismatches: int = 0

    def copy(self) -> Self:
        """One that goes its own way."""
        other = copy.copy(self)
        other.keys = dict(self.keys)
        return other

    def fingerprint(self) -> Hashable:
        """All that can ever matter."""
        return (
            self.taken,
            self.files,
            frozenset(self.keys.items()),
            self.under_way,
            self.refused,
            self.mismatches,
        )

    def move_to(self, now: datetime) -> None:
        """What was under way lands when its time has come."""
        landed = sorted(
            (each for each in self.under_way if each[0] <= now), key=lambda each: each[0]
        )
        self.under_way = tuple(each for each in self.under_way if each[0] > now)
        for at, request in landed:
            self.now = at
            self.take(request)
        self.now = now

    def take(self, request: Request) -> Response:
        """A submission arrives."""
        known = self.keys.get(request.key)
        if known and self.now - known[0] < self.promises.key_window:
            if known[1] != request.digest:
                self.mismatches += 1
                return _answer(_UNPROCESSABLE, error="IDEMPOTENCY_KEY_REUSED")
            return _answer(_OK, transactionId=known[2])
        if self.promises.refuses:
            self.refused += 1
            return _answer(_REFUSED, error="INVALID_X12")
        claims = _CLAIM.findall(request.body) or _APPEAL.findall(request.body)
        files = _INTERCHANGE.findall(request.body)
        if not claims:
            raise AssertionError("what was sent is neither claim nor appeal")
        self.taken, self.files = (*self.taken, *claims), (*self.files, *files)
        identifier = f"T{len(self.taken)}"
        if self.promises.key_window and request.key:
            self.keys[request.key] = (self.now, request.digest, identifier)
        return _answer(_OK, transactionId=identifier)

    def listed(self, name: str, number: str) -> Response:
        """What it says it holds under a claim's number, or an interchange's."""
        if not self.promises.has_list:
            return _answer(_ABSENT, error="NOT_FOUND")
        held = self.taken if name == "patientControlNumber" else self.files
        return _answer(_OK, items=[{name: each} for each in held if each == number])

    def delay(self, request: Request) -> None:
        """The request arrives late."""
        lands_at = self.now + self.promises.landing_delay
        self.under_way = (*self.under_way, (lands_at, request))


def _answer(status: int, **body: object) -> Response:
    return Response(status, json.dumps(body))


class ClearinghousePool:
    """Stands where urllib3's pool does: each request is a choice, then reaches the model in the process's world."""

    def __init__(self, promises: Promises) -> None:
        self._promises = promises

    def request(
        self,
        method: str,
        url: str,
        *,
        body: str | None = None,
        headers: Mapping[str, str],
        **_how: Any,
    ) -> Response:
        """See `urllib3.PoolManager.request`."""
        parts = urlsplit(url)
        if method == "GET":
            ((name, (number,)),) = parse_qs(parts.query).items()
            effect = _asking(name, number)
        else:
            sent = json.loads(body or "{}").get("x12") or str(body)
            effect = _submitting(Request(headers.get("Idempotency-Key", ""), sent), self._promises)
        call = Call("clearinghouse", f"{method} {parts.path.rpartition('/')[2]}", site())
        answer: Response = at_call(call, effect)
        return answer


_AT_EVERY_REQUEST = (*AT_EVERY_CALL, Fault.ERROR_BEFORE)


def _asking(name: str, number: str) -> Effect:
    return Effect(
        perform=lambda world: world.clearinghouse.listed(name, number),
        lost=_timed_out,
        faults=_AT_EVERY_REQUEST,
        failed=_unavailable,
    )


def _submitting(request: Request, promises: Promises) -> Effect:
    late = (Fault.LOST_LATE, Fault.CRASH_LATE) if promises.landing_delay else ()
    return Effect(
        perform=lambda world: world.clearinghouse.take(request),
        lost=_timed_out,
        faults=(*_AT_EVERY_REQUEST, Fault.ERROR_AFTER, *late),
        later=lambda world: world.clearinghouse.delay(request),
        failed=_unavailable,
    )


def _unavailable() -> Response:
    return _answer(_FAILED, error="UNAVAILABLE")


def _timed_out() -> Exception:
    return urllib3.exceptions.ReadTimeoutError(None, "", "timed out")  # type: ignore[arg-type]
