"""What leads to a claim when no control number does: member, first service day and charge together."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Self

from functions.billing.domain.keys import Key, derived_id


def weak_key(member_id: str, service_from: date, charge_cents: int) -> str:
    """The three as one digest, so that no member number shows in a key. Twins share it."""
    member = "".join(member_id.split()).upper()
    return derived_id("K", member, service_from.isoformat(), str(charge_cents), length=26)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeakKey:
    """One claim under its weak key. Not unique, as a pointer is: it only ever proposes."""

    kind: ClassVar[str] = "WEAKKEY"

    value: str
    claim_id: str

    @classmethod
    def of(cls, claim_id: str, member_id: str, service_from: date, charge_cents: int) -> Self:
        """The key of a claim as it was sent."""
        return cls(value=weak_key(member_id, service_from, charge_cents), claim_id=claim_id)

    @staticmethod
    def partition_of(value: str) -> str:
        """Where all claims with one weak key rest."""
        return f"WEAKKEY#{value}"

    @property
    def key(self) -> Key:
        """Where this one rests."""
        return Key(self.partition_of(self.value), f"CLAIM#{self.claim_id}")
