"""Names of things: record keys, and identifiers derived from business keys.

Nothing draws a random identifier: the same cause always names the same thing, so a redelivery cannot make two.
"""

import base64
import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """Where a record rests: all records of one partition belong to one thing and are read together."""

    partition: str
    sort: str


def derived_id(prefix: str, *parts: str, length: int = 12) -> str:
    """`prefix` and `length` base-32 characters of the parts' digest: short, upper case, safe in X12 and ARNs."""
    raw = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return prefix + base64.b32encode(raw).decode()[:length]
