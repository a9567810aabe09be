"""Letting go what was held during an outage: the most urgent first, in rounds that begin small and grow.

A dependency that has just come back is weak, and everybody has waited for it. So the first round is a handful, each
further one twice as many, and within a round each begins at a moment of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from functions.billing.domain.outages.circuit import Circuit, CircuitState, fraction_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainPolicy:
    """How fast held things are let go.

    `round_first` in the first round, twice as many in each further one, up to `round_max`; rounds are at least
    `between` apart and begin spread over `spread`. For `linger` after recovery the circuit is watched though nothing
    is held, because a step that was refused just before may only now be storing what it holds: it must outlast the
    slowest step and the index's lag.
    """

    round_first: int = 5
    round_max: int = 80
    between: timedelta = timedelta(minutes=1)
    spread: timedelta = timedelta(seconds=10)
    linger: timedelta = timedelta(minutes=10)


def allowance(circuit: Circuit, policy: DrainPolicy, now: datetime) -> int:
    """How many held things may be let go now: one where a probe is due, a round after recovery."""
    if circuit.due_at is None or now < circuit.due_at:
        return 0
    if circuit.state is not CircuitState.CLOSED:
        return 1
    return min(policy.round_first * (1 << min(circuit.rounds, 16)), policy.round_max)


def after_round(circuit: Circuit, policy: DrainPolicy, now: datetime, *, let_go: int) -> Circuit:
    """A closed circuit after a round: due again, or, when nothing has been held for a while, no more.

    A circuit that is not closed stays as it is: its probe says what comes next.
    """
    if circuit.state is not CircuitState.CLOSED:
        return circuit
    lingers = circuit.closed_at is not None and now - circuit.closed_at < policy.linger
    if let_go == 0 and not lingers:
        return replace(circuit, due_kind="", due_at=None)
    rounds = circuit.rounds + 1 if let_go else circuit.rounds
    return replace(circuit, rounds=rounds, due_at=now + policy.between)


def staggered(
    identifiers: Iterable[str], circuit: Circuit, policy: DrainPolicy
) -> dict[str, timedelta]:
    """How long each waits within its round: anywhere in the spread, the same each time it is asked."""
    outage = circuit.opened_at.isoformat() if circuit.opened_at else ""
    return {
        identifier: policy.spread * fraction_of(identifier, outage, str(circuit.rounds))
        for identifier in identifiers
    }
