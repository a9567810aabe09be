"""The clearinghouse's list of transactions, and how far we have followed it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from functions.billing.domain.keys import Key, derived_id

OVERLAP = timedelta(hours=1)
"""Each look begins this long before the mark: the list may show a transaction later than its time says."""

FIRST_LOOK = timedelta(days=30)
"""How far back the first look goes."""

REMITTANCES, ACKNOWLEDGEMENTS = "remittances/", "acknowledgements/"
_FOLDERS = {
    "835": REMITTANCES,
    "999": ACKNOWLEDGEMENTS,
    "TA1": ACKNOWLEDGEMENTS,
    "277": ACKNOWLEDGEMENTS,
}

# A 277 also answers a 276, at once and to whoever asked: only the one that acknowledges claims is a file.
_CLAIM_ACKNOWLEDGEMENT = "005010X214"

_PLAIN_NAME = re.compile(r"[A-Za-z0-9._\-]{1,100}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTransaction:
    """One entry of the list. `artifact` is which of its two sides is the X12: `input` or `output`.

    `version` is GS08, empty where the list does not say.
    """

    transaction_id: str
    transaction_set: str
    processed_at: datetime
    artifact: str
    version: str = ""

    @property
    def folder(self) -> str:
        """Where files of its kind come in; empty for what is none of our business."""
        is_answer = self.transaction_set == "277" and bool(self.version)
        if is_answer and not self.version.startswith(_CLAIM_ACKNOWLEDGEMENT):
            return ""
        return _FOLDERS.get(self.transaction_set, "")

    @property
    def file_key(self) -> str:
        """Where its file is put in the intake: one place for each transaction, so that it is put there once."""
        plain = _PLAIN_NAME.fullmatch(self.transaction_id)
        name = self.transaction_id if plain else derived_id("T", self.transaction_id, length=26)
        return f"{self.folder}clearinghouse/{name}.x12"


class Landing(StrEnum):
    """How a listed file got here."""

    ARRIVED = "arrived"
    """It was here before we looked: dropped by the clearinghouse itself."""
    FETCHED = "fetched"
    """It was not, so we fetched it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedTransaction:
    """A listed transaction whose file is known to be here. It never expires, and is never fetched again."""

    kind: ClassVar[str] = "LISTED"

    transaction_id: str
    transaction_set: str
    processed_at: datetime
    landing: Landing
    file_id: str
    seen_at: datetime

    @staticmethod
    def key_of(transaction_id: str) -> Key:
        """Where a transaction rests."""
        return Key(f"LISTED#{transaction_id}", "LISTED")

    @property
    def key(self) -> Key:
        """Where this transaction rests."""
        return self.key_of(self.transaction_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMark:
    """Up to when every listed transaction is known to have landed. It moves forward only."""

    kind: ClassVar[str] = "LISTMARK"

    processed_at: datetime
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of() -> Key:
        """There is one: a deployment has one clearinghouse."""
        return Key("LISTMARK", "LISTMARK")

    @property
    def key(self) -> Key:
        """Where the mark rests."""
        return self.key_of()

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return "clearinghouse_list"
