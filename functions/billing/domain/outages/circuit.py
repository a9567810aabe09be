"""A circuit breaker kept as a record: what one function found out about a dependency, all of them know.

Closed: calls go through, failures in a row are counted. Open: nobody calls until the pause is over. Half open: one
caller, who won the record's conditional write, probes; the others still wait. Nothing here calls, waits or stores.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from functions.billing.domain.keys import Key

ALL_CIRCUITS = "CIRCUITS"


class CircuitState(StrEnum):
    """Whether a dependency is called."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitPolicy:
    """When to stop calling, and when to try again.

    `failures_to_open` in a row, none further than `failure_memory` from the one before, open the circuit. The first
    probe goes after `pause`; each that fails doubles the pause, up to `pause_max`. A prober that says nothing for
    `probe_lease` is taken for dead, so the lease must outlast the slowest step.
    """

    failures_to_open: int = 3
    failure_memory: timedelta = timedelta(minutes=10)
    pause: timedelta = timedelta(minutes=1)
    pause_max: timedelta = timedelta(minutes=15)
    probe_lease: timedelta = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """What is known of one dependency. `due_at` is when the next look at it makes sense.

    Open: when a probe may go. Half open: when the probe's lease ends. Closed after an outage: when the next round of
    held things may be let go; once nothing is held any more the circuit is due no longer. `opened_at` and `closed_at`
    are of the newest outage, `probes` counts those that failed in it, `rounds` those let go since.
    """

    kind: ClassVar[str] = "CIRCUIT"

    dependency: str
    state: CircuitState = CircuitState.CLOSED
    failures: int = 0
    failed_at: datetime | None = None
    why: str = ""
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    probes: int = 0
    rounds: int = 0
    due_kind: str = ""
    due_at: datetime | None = None
    ref: str = ALL_CIRCUITS
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(dependency: str) -> Key:
        """Where a dependency's circuit rests."""
        return Key(f"CIRCUIT#{dependency}", "CIRCUIT")

    @property
    def key(self) -> Key:
        """Where this circuit rests."""
        return self.key_of(self.dependency)

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"circuit:{self.dependency}"

    @property
    def is_out(self) -> bool:
        """The dependency is held to be out of reach."""
        return self.state is not CircuitState.CLOSED

    def succeeded(self, now: datetime) -> Self:
        """After an answer. The same circuit when there is nothing to write down.

        An answer that comes while the circuit is open is of a call that began before: only a probe closes it.
        """
        if self.state is CircuitState.HALF_OPEN:
            return replace(
                self,
                state=CircuitState.CLOSED,
                failures=0,
                closed_at=now,
                rounds=0,
                due_kind=watched_kind(family_of(self.dependency)),
                due_at=now,
            )
        if self.state is CircuitState.CLOSED and self.failures:
            return replace(self, failures=0)
        return self

    def failed(self, policy: CircuitPolicy, now: datetime, why: str) -> Self:
        """After silence. The same circuit when there is nothing to write down."""
        match self.state:
            case CircuitState.OPEN:
                return self
            case CircuitState.HALF_OPEN:
                probes = self.probes + 1
                return self._opened(policy, now, why, opened_at=self.opened_at, probes=probes)
            case CircuitState.CLOSED:
                is_recent = self.failed_at and now - self.failed_at <= policy.failure_memory
                failures = self.failures + 1 if is_recent else 1
                if failures >= policy.failures_to_open:
                    return self._opened(policy, now, why, opened_at=now, probes=0)
                return replace(self, failures=failures, failed_at=now, why=why)

    def _opened(
        self,
        policy: CircuitPolicy,
        now: datetime,
        why: str,
        *,
        opened_at: datetime | None,
        probes: int,
    ) -> Self:
        return replace(
            self,
            state=CircuitState.OPEN,
            failures=0,
            failed_at=now,
            why=why,
            opened_at=opened_at,
            closed_at=None,
            probes=probes,
            due_kind=watched_kind(family_of(self.dependency)),
            due_at=now + _pause(self.dependency, policy, probes),
        )


class Permit(StrEnum):
    """What a caller may do."""

    GO = "go"
    PROBE = "probe"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Admission:
    """A permit; for a probe the circuit to store before the call, for a refusal when to come back."""

    permit: Permit
    circuit: Circuit
    retry_at: datetime | None = None

    @property
    def is_refused(self) -> bool:
        """The call must not be made."""
        return self.permit is Permit.REFUSED


def admit(circuit: Circuit, policy: CircuitPolicy, now: datetime) -> Admission:
    """Whether the dependency may be called now."""
    if circuit.state is CircuitState.CLOSED:
        return Admission(Permit.GO, circuit)
    if circuit.due_at is not None and now < circuit.due_at:
        return Admission(Permit.REFUSED, circuit, circuit.due_at)
    probing = replace(circuit, state=CircuitState.HALF_OPEN, due_at=now + policy.probe_lease)
    return Admission(Permit.PROBE, probing)


def family_of(dependency: str) -> str:
    """`eligibility` of `eligibility:BLUEPEAK`."""
    return dependency.partition(":")[0]


def watched_kind(family: str) -> str:
    """The due kind of a family's circuits that want looking after."""
    return f"CIRCUIT#{family}"


def held_kind(dependency: str) -> str:
    """The due kind of records that wait for a dependency; their `due_at` is when they are needed."""
    return f"HELD#{dependency}"


def fraction_of(*parts: str) -> float:
    """Chance that can be repeated: a number from 0 to below 1, always the same for the same parts."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32


def _pause(dependency: str, policy: CircuitPolicy, probes: int) -> timedelta:
    """Doubled by each probe that failed, and up to a quarter longer, so that circuits do not probe in step."""
    doubled = min(policy.pause * (1 << min(probes, 16)), policy.pause_max)
    return doubled * (1 + fraction_of(dependency, str(probes)) / 4)
