"""Postings as they rest: beside the claim, remittance or deposit whose money they moved."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

from functions.billing.domain.keys import Key
from functions.billing.domain.ledger.postings import Entry, Posting
from functions.billing.ports import Records

# A transaction holds a hundred items, and a claim's commit needs some for itself.
POSTINGS_PER_TRANSACTION_MAX = 40
POSTINGS_PER_RECORD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPosting:
    """A posting in its partition. The key carries the posting's own, so that nothing is booked twice."""

    kind: ClassVar[str] = "POSTING"

    partition: str
    posting: Posting
    more: tuple[Posting, ...] = ()

    @classmethod
    def of_claim(cls, posting: Posting) -> Self:
        """A posting that moves a claim's balance."""
        return cls(partition=f"CLAIM#{posting.claim_id}", posting=posting)

    @classmethod
    def packed(cls, postings: tuple[Posting, ...], partition: str = "") -> tuple[Self, ...]:
        """Postings as records: one each, or several in one where a transaction could not hold them.

        They rest in the partition named, or else beside their claim.

        A second run of the same answer packs the same way, so the first posting's key still guards all of them.
        """
        size = 1 if len(postings) <= POSTINGS_PER_TRANSACTION_MAX else POSTINGS_PER_RECORD
        return tuple(
            cls(
                partition=partition or f"CLAIM#{postings[start].claim_id}",
                posting=postings[start],
                more=postings[start + 1 : start + size],
            )
            for start in range(0, len(postings), size)
        )

    @classmethod
    def beside(cls, posting: Posting, claim_ids: tuple[str, ...]) -> tuple[Self, ...]:
        """One posting that moves several claims' balances, beside each of them; its key says that it is one."""
        return tuple(cls(partition=f"CLAIM#{claim_id}", posting=posting) for claim_id in claim_ids)

    @property
    def all(self) -> tuple[Posting, ...]:
        """Every posting of this record."""
        return (self.posting, *self.more)

    @property
    def key(self) -> Key:
        """The partition, and the posting's own key."""
        return Key(self.partition, f"POSTING#{self.posting.key}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedEntries:
    """A posting's entries, unjudged, and what caused it."""

    key: str
    entries: tuple[Entry, ...]
    kind: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntries:
    """A stored posting as a proof reads it: one that no longer balances is counted, not refused."""

    kind: ClassVar[str] = "POSTING"

    partition: str
    posting: PostedEntries
    more: tuple[PostedEntries, ...] = ()

    @property
    def key(self) -> Key:
        """Where the posting rests."""
        return Key(self.partition, f"POSTING#{self.posting.key}")


def entries_of(records: Records, claim_id: str) -> Iterator[tuple[str, tuple[Entry, ...]]]:
    """The entries of a claim's postings, by posting key, as they rest."""
    for stored in records.under(StoredEntries, f"CLAIM#{claim_id}", "POSTING#"):
        for posting in (stored.posting, *stored.more):
            yield posting.key, posting.entries


def postings_under(records: Records, partition: str) -> tuple[Posting, ...]:
    """All postings of a partition, in key order."""
    stored = records.under(StoredPosting, partition, "POSTING#")
    return tuple(posting for each in stored for posting in each.all)


def postings_of(records: Records, claim_id: str) -> tuple[Posting, ...]:
    """All postings of a claim."""
    return postings_under(records, f"CLAIM#{claim_id}")
