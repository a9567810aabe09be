"""Publish what committed steps have to say, signed, each event under its stable id.

Reads   lines of history from the table's stream.
Emits   their events; a redelivered line publishes the same ids again, which consumers absorb.
Fails   nothing: the lines the bus did not take are returned, and the stream delivers them again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.billing.domain.commit import HistoryEntry, OutboxEvent
from functions.billing.domain.events.envelope import envelope, signed_bytes
from functions.billing.ports import Clock, Publisher, Signer

PRODUCER = "billing"
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A line of history with something to say; `position` names it in the stream."""

    position: str
    line: HistoryEntry


def publish_outbox(
    waiting: Sequence[Waiting], *, publisher: Publisher, signer: Signer, clock: Clock
) -> tuple[str, ...]:
    """Positions of the lines of which an event was not published, in order."""
    signed_at = clock.now()
    said = [(one, event) for one in waiting for event in one.line.events]
    verdicts = publisher.publish(
        tuple(_signed(one.line, event, signer, signed_at) for one, event in said)
    )
    refused = (one.position for (one, _), taken in zip(said, verdicts, strict=True) if not taken)
    return tuple(dict.fromkeys(refused))


def _signed(
    line: HistoryEntry, event: OutboxEvent, signer: Signer, signed_at: datetime
) -> dict[str, Any]:
    unsigned = envelope(
        event_id=event.event_id,
        type_=event.type,
        version=VERSION,
        occurred_at=line.at,
        signed_at=signed_at,
        producer=PRODUCER,
        key_id=signer.key_id,
        correlation_id=line.correlation_id,
        data=event.data,
    )
    return {**unsigned, "signature": signer.sign(signed_bytes(unsigned))}
