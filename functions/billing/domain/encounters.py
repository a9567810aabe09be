"""The encounter as billing tracks it: what has been heard of it, and where its claims are."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from functions.billing.domain.keys import Key


class EncounterState(StrEnum):
    """Where an encounter stands on its way to being billed."""

    OPEN = "open"
    HELD = "held"
    NOT_BILLABLE = "not_billable"
    BILLED = "billed"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingEncounter:
    """One encounter: its newest document, its claims, and the reason for its state."""

    kind: ClassVar[str] = "ENCOUNTER"

    encounter_id: str
    document_key: str
    document_sha256: str
    heard_at: datetime
    state: EncounterState = EncounterState.OPEN
    reasons: tuple[str, ...] = ()
    claim_ids: tuple[str, ...] = ()
    facts_heard: tuple[str, ...] = ()
    not_billed: tuple[str, ...] = ()
    mapping_version: str = ""
    signed_at: datetime | None = None
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(encounter_id: str) -> Key:
        """Where an encounter rests."""
        return Key(f"ENCOUNTER#{encounter_id}", "ENCOUNTER")

    @property
    def key(self) -> Key:
        """Where this encounter rests."""
        return self.key_of(self.encounter_id)

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"encounter:{self.encounter_id}"
