"""Payments and files as the system tracks them: received, posted, or kept aside with the reason."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from functions.billing.domain.keys import Key, derived_id
from functions.billing.domain.remittance.records import BalanceDifference, RemittanceHeader


class RemittanceState(StrEnum):
    """Where a payment stands. Quarantined: kept whole, posted only by a person with a reason."""

    RECEIVED = "received"
    POSTED = "posted"
    EXCEPTION = "exception"
    QUARANTINED = "quarantined"


def remittance_id(header: RemittanceHeader) -> str:
    """Named by what makes two copies the same payment, never by the file."""
    return derived_id("R", header.identity)


def quarantine_id(header: RemittanceHeader, content_digest: str) -> str:
    """Apart from the payment's own name, so that a repaired copy can still be posted."""
    return derived_id("Q", header.identity, content_digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remittance:
    """One payment (ST…SE of an 835): what the payer said, and how far it is posted.

    `claims_named` are patient control numbers, kept for a payment in quarantine: whoever asks for one of these
    claims is told where its answer waits.
    """

    kind: ClassVar[str] = "REMITTANCE"

    remittance_id: str
    file_id: str
    file_key: str
    header: RemittanceHeader
    content_digest: str
    claims: int
    claims_paid_cents: int
    received_at: datetime
    separators: tuple[str, str, str, str, str] = ("*", "^", ":", "~", "")
    state: RemittanceState = RemittanceState.RECEIVED
    reasons: tuple[str, ...] = ()
    differences: tuple[BalanceDifference, ...] = ()
    claims_named: tuple[str, ...] = ()
    posted_claims: int = 0
    posted_cents: int = 0
    matched: int = 0
    touched: int = 0
    deposit_id: str = ""
    deposited_cents: int = 0
    posted_at: datetime | None = None
    due_kind: str = ""
    due_at: datetime | None = None
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(remittance_id: str) -> Key:
        """Where a payment rests."""
        return Key(f"REMITTANCE#{remittance_id}", "REMITTANCE")

    @property
    def key(self) -> Key:
        """Where this payment rests."""
        return self.key_of(self.remittance_id)

    @property
    def ref(self) -> str:
        """Payments are listed by the month they came in."""
        return f"REMITTANCES#{self.received_at:%Y-%m}"

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"remittance:{self.remittance_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemittanceFile:
    """One file that arrived, by its content; a second copy is visible, and changes nothing."""

    kind: ClassVar[str] = "ERAFILE"

    file_id: str
    file_key: str
    content_sha256: str
    evidence_key: str
    received_at: datetime
    outcome: str
    reasons: tuple[str, ...] = ()
    remittance_ids: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    ref: str = "ERAFILES"
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(file_id: str, file_key: str) -> Key:
        """Content and the name it came under: the same bytes under two names are two arrivals."""
        return Key(f"ERAFILE#{file_id}#{derived_id('', file_key, length=6)}", "ERAFILE")

    @property
    def key(self) -> Key:
        """Where this arrival rests."""
        return self.key_of(self.file_id, self.file_key)

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"remittance_file:{self.file_id}:{derived_id('', self.file_key, length=6)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedBatch:
    """What one batch of a payment's claims came to: counted once, whoever posts it again."""

    kind: ClassVar[str] = "BATCH"

    remittance_id: str
    first_ordinal: int
    claims: int
    matched: int
    touched: int
    posted_cents: int

    @staticmethod
    def key_of(remittance_id: str, first_ordinal: int) -> Key:
        """Beside its payment, by its first claim."""
        return Key(f"REMITTANCE#{remittance_id}", f"BATCH#{first_ordinal:06d}")

    @property
    def key(self) -> Key:
        """Where this batch rests."""
        return self.key_of(self.remittance_id, self.first_ordinal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """Money seen at the bank."""

    kind: ClassVar[str] = "DEPOSIT"

    deposit_id: str
    trace_number: str
    payer_identifier: str
    amount_cents: int
    deposited_on: str
    received_at: datetime
    state: str = "unmatched"
    remittance_id: str = ""
    difference_cents: int = 0
    due_kind: str = ""
    due_at: datetime | None = None
    ref: str = "DEPOSITS"
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(deposit_id: str) -> Key:
        """Where a deposit rests."""
        return Key(f"DEPOSIT#{deposit_id}", "DEPOSIT")

    @property
    def key(self) -> Key:
        """Where this deposit rests."""
        return self.key_of(self.deposit_id)

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"deposit:{self.deposit_id}"
