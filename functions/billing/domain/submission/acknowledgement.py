"""Acknowledgements beside their claim, and the files that brought them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from functions.billing.domain.keys import Key, derived_id


class AckVerdict(StrEnum):
    """What one acknowledgement says of one claim. Received is not accepted; unrecognized moves nothing."""

    ACCEPTED = "accepted"
    RECEIVED = "received"
    REJECTED = "rejected"
    UNRECOGNIZED = "unrecognized"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """One answer about a claim: of a 999 (syntax) or a 277CA (front door). Codes only, no values."""

    kind: ClassVar[str] = "ACK"

    claim_id: str
    file_id: str
    ordinal: int
    transaction_set: str
    level: str
    verdict: AckVerdict
    codes: tuple[str, ...]
    received_at: datetime
    payer_claim_control_number: str = ""

    @property
    def key(self) -> Key:
        """Beside its claim."""
        return Key(f"CLAIM#{self.claim_id}", f"ACK#{self.file_id}#{self.ordinal:05d}")


def acknowledgement_file_id(sha256: str) -> str:
    """A file is named by its content: the same bytes are the same file, however they came."""
    return derived_id("A", sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgementFile:
    """A TA1, 999 or 277CA file: its bytes as evidence, what came of it."""

    kind: ClassVar[str] = "ACKFILE"

    file_id: str
    file_key: str
    content_sha256: str
    evidence_key: str
    received_at: datetime
    state: str = "recorded"
    reasons: tuple[str, ...] = ()
    claims: int = 0
    unmatched: int = 0
    ref: str = "ACKFILES"
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(file_id: str) -> Key:
        """Where a file's record rests: by content, never by name."""
        return Key(f"ACKFILE#{file_id}", "ACKFILE")

    @property
    def key(self) -> Key:
        """Where this file's record rests."""
        return self.key_of(self.file_id)

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"acknowledgement_file:{self.file_id}"
