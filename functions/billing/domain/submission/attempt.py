"""One attempt to send a claim: recorded before anything leaves, never deleted, never expiring."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from functions.billing.domain.keys import Key


class AttemptState(StrEnum):
    """What is known of an attempt, or of a file of several."""

    GATHERING = "gathering"
    """Of a file only: its claims are being bound, and nothing can have left."""
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    REJECTED = "rejected"
    PARKED = "parked"
    ABANDONED = "abandoned"
    """Of a file only: nobody was left to go in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The n-th submission of a claim, with the frozen bytes and the key under which they are sent.

    `tries` counts how often a process took the attempt up; it is raised by compare-and-set before each send, so two
    recoverers can't both act. `intended_at` starts the lease, `first_intended_at` the key's window. A claim that goes
    with others has its bytes and its key in the file that `file_id` names.
    """

    kind: ClassVar[str] = "ATTEMPT"

    claim_id: str
    number: int
    patient_control_number: str
    connector: str
    interchange_control_number: str
    group_control_number: str
    transaction_control_number: str
    first_intended_at: datetime
    intended_at: datetime
    idempotency_key: str = ""
    body_key: str = ""
    body_sha256: str = ""
    file_id: str = ""
    state: AttemptState = AttemptState.SUBMITTING
    tries: int = 1
    answer_code: str = ""
    clearinghouse_id: str = ""
    version: int = 0
    audit_head: str = ""

    @property
    def key(self) -> Key:
        """Beside its claim."""
        return Key(f"CLAIM#{self.claim_id}", f"ATTEMPT#{self.number:03d}")

    @property
    def is_with_others(self) -> bool:
        """Its fate is still that of its file."""
        return bool(self.file_id) and self.state is AttemptState.SUBMITTING

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"attempt:{self.claim_id}-{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """A unique business key that leads to a record: stored once, so it also keeps the key unique."""

    kind: ClassVar[str] = "POINTER"

    name: str
    value: str
    target: str

    @staticmethod
    def key_of(name: str, value: str) -> Key:
        """Where the pointer for a business key rests."""
        return Key(f"POINTER#{name}#{value}", "POINTER")

    @property
    def key(self) -> Key:
        """Where this pointer rests."""
        return self.key_of(self.name, self.value)
