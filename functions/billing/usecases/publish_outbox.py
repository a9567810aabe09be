"""Publish what committed steps have to say, signed, each event under its stable id.

Reads   outbox records from the table's stream.
Emits   one event each; a redelivered record publishes the same id again, which consumers absorb.
Fails   nothing: the records the bus did not take are returned, and the stream delivers them again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from functions.billing.domain.events.envelope import envelope, signed_bytes
from functions.billing.ports import Clock, Publisher, Signer

PRODUCER = "billing"
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRecord:
    """One event waiting in the outbox; `position` names it in the stream."""

    position: str
    event_id: str
    type: str
    occurred_at: datetime
    correlation_id: str
    data: dict[str, Any] = field(default_factory=dict)


def publish_outbox(
    waiting: Sequence[OutboxRecord], *, publisher: Publisher, signer: Signer, clock: Clock
) -> tuple[str, ...]:
    """Positions of the records that were not published."""
    signed_at = clock.now()
    verdicts = publisher.publish(tuple(_signed(record, signer, signed_at) for record in waiting))
    return tuple(
        record.position for record, taken in zip(waiting, verdicts, strict=True) if not taken
    )


def _signed(record: OutboxRecord, signer: Signer, signed_at: datetime) -> dict[str, Any]:
    unsigned = envelope(
        event_id=record.event_id,
        type_=record.type,
        version=VERSION,
        occurred_at=record.occurred_at,
        signed_at=signed_at,
        producer=PRODUCER,
        key_id=signer.key_id,
        correlation_id=record.correlation_id,
        data=record.data,
    )
    return {**unsigned, "signature": signer.sign(signed_bytes(unsigned))}
