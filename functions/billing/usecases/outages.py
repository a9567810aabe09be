"""A dependency's circuit as steps use it, and the sweep that lets held things go; see `domain.outages`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Generic, TypeVar

from functions.billing.domain.commit import Actor, Aggregate, Cause, Commit, OutboundEvent
from functions.billing.domain.errors import StaleRecordError
from functions.billing.domain.outages.circuit import (
    Admission,
    Circuit,
    CircuitPolicy,
    Permit,
    admit,
    held_kind,
    watched_kind,
)
from functions.billing.domain.outages.drain import DrainPolicy, after_round, allowance, staggered
from functions.billing.ports import Clock, Records

A = TypeVar("A", bound=Aggregate)

# Rivals all write down the same outage: whoever still loses after this many looks leaves it to them.
_LOOKS_MAX = 4
_END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The circuit of one dependency, for one run of one step."""

    dependency: str
    step: str
    cause: Cause
    records: Records
    clock: Clock
    policy: CircuitPolicy = field(default_factory=CircuitPolicy)

    def admit(self) -> Admission:
        """May the dependency be called now? A probe is granted to one caller: who wins the conditional write."""
        admission = admit(self._circuit(), self.policy, self.clock.now())
        if admission.permit is not Permit.PROBE:
            return admission
        try:
            self._commit(admission.circuit, "probing")
        except StaleRecordError:
            circuit = self._circuit()
            permit = Permit.REFUSED if circuit.is_out else Permit.GO
            return Admission(permit, circuit, circuit.due_at)
        return admission

    def succeeded(self) -> Circuit:
        """It answered. Costs nothing but a read while all is well."""
        return self._moved(lambda circuit, now: circuit.succeeded(now))

    def failed(self, why: str) -> Circuit:
        """It did not answer; `why` is a code or a status, never what was sent."""
        return self._moved(lambda circuit, now: circuit.failed(self.policy, now, why))

    def _circuit(self) -> Circuit:
        known = self.records.get(Circuit, Circuit.key_of(self.dependency))
        return known or Circuit(dependency=self.dependency)

    def _moved(self, move: Callable[[Circuit, datetime], Circuit]) -> Circuit:
        circuit = self._circuit()
        for _ in range(_LOOKS_MAX):
            moved = move(circuit, self.clock.now())
            if moved is circuit:
                return circuit
            try:
                self._commit(moved, _word_for(circuit, moved), events=_told(circuit, moved))
            except StaleRecordError:
                circuit = self._circuit()
                continue
            return moved
        return circuit

    def _commit(
        self, circuit: Circuit, decision: str, *, events: tuple[OutboundEvent, ...] = ()
    ) -> None:
        self.records.commit(
            Commit(
                step=self.step,
                cause=self.cause,
                actor=Actor(self.step),
                at=self.clock.now(),
                root=circuit,
                decision=decision,
                facts={"why": circuit.why, "failures": circuit.failures, "probes": circuit.probes},
                events=events,
            )
        )


@dataclass(frozen=True, slots=True)
class LetGo(Generic[A]):
    """A held record whose turn it is, and how long it waits within its round."""

    held: A
    after: timedelta


def released(
    kind: type[A],
    family: str,
    *,
    step: str,
    cause: Cause,
    records: Records,
    clock: Clock,
    policy: DrainPolicy | None = None,
) -> Iterator[LetGo[A]]:
    """What of a family's held records may go now: one per dependency to probe it, a round after recovery.

    They stay held until the step that takes them up stores something else, so a run that dies loses none.
    """
    rate = policy or DrainPolicy()
    now = clock.now()
    for watched in tuple(records.due(Circuit, watched_kind(family), now)):
        circuit = records.get(Circuit, watched.key)
        if circuit is None:
            continue
        due = records.due(kind, held_kind(circuit.dependency), _END_OF_TIME)
        held = tuple(islice(due, allowance(circuit, rate, now)))
        waits = staggered((each.subject for each in held), circuit, rate)
        rested = after_round(circuit, rate, now, let_go=len(held))
        if rested is not circuit:
            _note_round(rested, len(held), step=step, cause=cause, records=records, at=now)
        yield from (LetGo(each, waits[each.subject]) for each in held)


def _note_round(
    circuit: Circuit, let_go: int, *, step: str, cause: Cause, records: Records, at: datetime
) -> None:
    commit = Commit(
        step=step,
        cause=cause,
        actor=Actor(step),
        at=at,
        root=circuit,
        decision="round_let_go" if let_go else "drained",
        facts={"let_go": let_go},
    )
    try:
        records.commit(commit)
    except StaleRecordError:
        # It moved since: the next run sees how. What is let go now passes `admit` anyway.
        return


def _word_for(before: Circuit, after: Circuit) -> str:
    if after.is_out:
        return "probe_failed" if before.is_out else "opened"
    return "closed" if before.is_out else ("failure_counted" if after.failures else "recovered")


def _told(before: Circuit, after: Circuit) -> tuple[OutboundEvent, ...]:
    if after.is_out == before.is_out or after.opened_at is None:
        return ()
    if after.is_out:
        data = {"dependency": after.dependency, "since": after.opened_at.isoformat()}
        return (OutboundEvent("dependency.unavailable", data),)
    lasted = (after.closed_at or after.opened_at) - after.opened_at
    return (
        OutboundEvent(
            "dependency.recovered",
            {
                "dependency": after.dependency,
                "since": after.opened_at.isoformat(),
                "seconds": int(lasted.total_seconds()),
            },
        ),
    )
