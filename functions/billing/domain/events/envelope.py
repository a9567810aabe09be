"""The envelope around every business event, and the exact bytes its signature covers."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

# A signature made this long before or after the bus took the event is refused as a replay.
SIGNATURE_AGE_MAX = timedelta(minutes=15)

SIGNED_FIELDS = (
    "id",
    "type",
    "version",
    "occurred_at",
    "signed_at",
    "producer",
    "key_id",
    "correlation_id",
    "data",
)


def canonical_json(value: Any) -> bytes:
    """One byte sequence per value: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signed_bytes(envelope: Mapping[str, Any]) -> bytes:
    """What the signature covers: every field of the envelope but the signature itself."""
    return canonical_json({name: envelope[name] for name in SIGNED_FIELDS})


def envelope(
    *,
    event_id: str,
    type_: str,
    version: int,
    occurred_at: datetime,
    signed_at: datetime,
    producer: str,
    key_id: str,
    data: Mapping[str, Any],
    correlation_id: str = "",
) -> dict[str, Any]:
    """An envelope ready to be signed. `correlation_id` follows a whole chain of events; the first names it."""
    return {
        "id": event_id,
        "type": type_,
        "version": version,
        "occurred_at": occurred_at.astimezone(UTC).isoformat(),
        "signed_at": signed_at.astimezone(UTC).isoformat(),
        "producer": producer,
        "key_id": key_id,
        "correlation_id": correlation_id or event_id,
        "data": dict(data),
    }
