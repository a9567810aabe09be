"""What became of an event that arrived: acted upon, absorbed as a repeat, or refused."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from functions.billing.domain.keys import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class EventReceipt:
    """An event this workflow acted upon; its id is never acted upon again."""

    kind: ClassVar[str] = "RECEIPT"

    workflow: str
    event_id: str
    event_type: str
    content_sha256: str
    received_at: datetime

    @staticmethod
    def key_of(workflow: str, event_id: str) -> Key:
        """Where the receipt of an event rests."""
        return Key(f"EVENT#{event_id}", f"RECEIPT#{workflow}")

    @property
    def key(self) -> Key:
        """Where this receipt rests."""
        return self.key_of(self.workflow, self.event_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedEvent:
    """A delivery that changed nothing, kept beside the receipt of the one that did."""

    kind: ClassVar[str] = "REPEAT"

    workflow: str
    event_id: str
    event_type: str
    message_id: str
    received_at: datetime
    ref: str = "REPEATS"

    @property
    def key(self) -> Key:
        """Beside the receipt."""
        return Key(f"EVENT#{self.event_id}", f"REPEAT#{self.workflow}#{self.message_id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedEvent:
    """An event that may not act; the whole of it rests as evidence."""

    kind: ClassVar[str] = "REFUSED"

    content_sha256: str
    workflow: str
    event_type: str
    claimed_id: str
    reason: str
    field_path: str
    evidence_key: str
    received_at: datetime
    ref: str = "REFUSED"
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(content_sha256: str) -> Key:
        """Where the refusal of these bytes rests."""
        return Key(f"REFUSED#{content_sha256}", "REFUSED")

    @property
    def key(self) -> Key:
        """Where this refusal rests."""
        return self.key_of(self.content_sha256)

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"refused_event:{self.content_sha256[:16]}"
