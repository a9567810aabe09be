"""An appeal as the system works it: one level at a time, each with its packet and its deadline."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from functions.billing.domain.appeals.states import AppealState
from functions.billing.domain.keys import Key, derived_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """The appeal of one denial. It waits for the payer as a record, not as an open execution.

    `sending_since` is when this level's packet was first about to leave, whatever came of it: the key's window runs
    from then.
    """

    kind: ClassVar[str] = "APPEAL"

    appeal_id: str
    denial_id: str
    claim_id: str
    payer_id: str
    amount_cents: int
    opened_at: datetime
    level: int = 1
    state: AppealState = AppealState.OPENED
    deadline: date | None = None
    packet_key: str = ""
    packet_sha256: str = ""
    receipt: str = ""
    sending_since: datetime | None = None
    decisions: tuple[str, ...] = ()
    submitted_at: datetime | None = None
    decided_at: datetime | None = None
    due_kind: str = ""
    due_at: datetime | None = None
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def id_of(denial_id: str) -> str:
        """A denial has one appeal, of several levels."""
        return derived_id("P", denial_id)

    @staticmethod
    def key_of(appeal_id: str) -> Key:
        """Where an appeal rests."""
        return Key(f"APPEAL#{appeal_id}", "APPEAL")

    @property
    def key(self) -> Key:
        """Where this appeal rests."""
        return self.key_of(self.appeal_id)

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"appeal:{self.appeal_id}"
