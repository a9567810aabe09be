"""A denial as the system works it: what was denied, why, and what was done about it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from functions.billing.domain.denials.classify import Classification
from functions.billing.domain.denials.response import Resubmission
from functions.billing.domain.keys import Key, derived_id
from functions.billing.domain.remittance.records import Adjustment


class DenialState(StrEnum):
    """How far a denial has been worked."""

    RECEIVED = "received"
    CLASSIFIED = "classified"
    RESPONDED = "responded"
    APPEALED = "appealed"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeniedLine:
    """What a payer said of one denied line; `line_id` is empty where the whole claim was denied."""

    line_id: str
    procedure: str
    charge_cents: int
    paid_cents: int
    denied_cents: int
    adjustments: tuple[Adjustment, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DenialCase:
    """One denial of one claim by one payer's answer. The worst line gives the case its class.

    `bucket` is one of the nine, `unmapped` when nobody knows the reason, and empty until classified.
    `claim_paid_cents` is what stood paid on the claim when it was denied: what comes on top was recovered.
    """

    kind: ClassVar[str] = "DENIAL"

    denial_id: str
    claim_id: str
    payer_id: str
    occurrence: str
    lines: tuple[DeniedLine, ...]
    amount_cents: int
    received_at: datetime
    is_first_pass: bool
    payer_claim_control_number: str = ""
    claim_paid_cents: int = 0
    state: DenialState = DenialState.RECEIVED
    bucket: str = ""
    sub_reason: str = ""
    classification: Classification | None = None
    action: str = ""
    mode: str = ""
    resubmission: Resubmission = Resubmission.NONE
    appeal_id: str = ""
    classified_at: datetime | None = None
    responded_at: datetime | None = None
    resolved_at: datetime | None = None
    resolution: str = ""
    recovered_cents: int = 0
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def id_of(occurrence: str, claim_id: str) -> str:
        """Named by the answer it stands in: the same answer never opens two."""
        return derived_id("D", occurrence, claim_id)

    @staticmethod
    def key_of(denial_id: str) -> Key:
        """Where a denial rests."""
        return Key(f"DENIAL#{denial_id}", "DENIAL")

    @property
    def key(self) -> Key:
        """Where this denial rests."""
        return self.key_of(self.denial_id)

    @property
    def ref(self) -> str:
        """Denials are found by their claim."""
        return f"DENIALS#{self.claim_id}"

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"denial:{self.denial_id}"
