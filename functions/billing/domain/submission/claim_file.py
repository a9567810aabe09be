"""Several claims in one file, for a clearinghouse that wants it so: bound one by one, frozen once, sent once."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from functions.billing.domain.keys import Key
from functions.billing.domain.submission.attempt import AttemptState

OPEN_FILE = "CLAIM_FILE"
"""What a file is due for until the last of its claims knows its fate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One claim's place in a file, as one transaction of its own (ST02 is `transaction`).

    Only this `version` of the claim may be bound. Whoever moved it meanwhile keeps it for good, so all who work on the
    file agree about who goes in it, whatever the order in which they look.
    """

    claim_id: str
    version: int
    revision: int
    transaction: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFile:
    """One interchange with one group, in which each claim is a transaction; its fate is the fate of all.

    While it gathers, `members` are those who are asked; once it is frozen, those who are in it. `control_number` is
    ISA13 and GS06. `tries`, `intended_at` and `first_intended_at` are what they are for an `Attempt`.
    """

    kind: ClassVar[str] = "CLAIMFILE"

    file_id: str
    connector: str
    control_number: int
    is_institutional: bool
    members: tuple[Member, ...]
    first_intended_at: datetime
    intended_at: datetime
    state: AttemptState = AttemptState.GATHERING
    idempotency_key: str = ""
    body_key: str = ""
    body_sha256: str = ""
    tries: int = 1
    answer_code: str = ""
    clearinghouse_id: str = ""
    due_kind: str = ""
    due_at: datetime | None = None
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(file_id: str) -> Key:
        """Where a file rests."""
        return Key(f"CLAIMFILE#{file_id}", "CLAIMFILE")

    @property
    def key(self) -> Key:
        """Where this file rests."""
        return self.key_of(self.file_id)

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"claim_file:{self.file_id}"
