"""Idempotency keys, as Stedi documents them for claim submission.

Within 24 hours the same key with the same method, path and body gets the same answer; another
body is 422; while the first request runs it is 409 with Retry-After; after 24 hours the request
executes again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Literal

LIFETIME = dt.timedelta(hours=24)
LONGEST_KEY = 255


@dataclass(slots=True)
class KeyRecord:
    """What is kept under a key. No answer: the first request is still running."""

    fingerprint: str
    taken_at: dt.datetime
    answer: tuple[int, bytes] | None = None


@dataclass(frozen=True, slots=True)
class KeyVerdict:
    """What to do with a request: run it, replay an answer, or refuse it."""

    kind: Literal["run", "replay", "running", "mismatch"]
    answer: tuple[int, bytes] | None = None


class KeyStore:
    """The keys of all requests of the last 24 simulated hours."""

    def __init__(self) -> None:
        self._records: dict[str, KeyRecord] = {}

    @staticmethod
    def fingerprint(method: str, path: str, body: bytes) -> str:
        """Return what must agree for a request to be the same."""
        head = f"{method} {path}\n".encode()
        return hashlib.sha256(head + body).hexdigest()

    def look_up(self, key: str, fingerprint: str, now: dt.datetime) -> KeyVerdict:
        """Say what becomes of a request; a request that is to run takes the key."""
        record = self._records.get(key)
        if record is not None and now - record.taken_at >= LIFETIME:
            record = None
        if record is None:
            self._records[key] = KeyRecord(fingerprint, now)
            return KeyVerdict("run")
        if record.fingerprint != fingerprint:
            return KeyVerdict("mismatch")
        if record.answer is None:
            return KeyVerdict("running")
        return KeyVerdict("replay", record.answer)

    def finish(self, key: str, status: int, body: bytes) -> None:
        """Keep the answer of the request that took the key."""
        record = self._records.get(key)
        if record is not None:
            record.answer = (status, body)

    def release(self, key: str) -> None:
        """Forget a key whose request did nothing, so that a retry executes."""
        self._records.pop(key, None)
