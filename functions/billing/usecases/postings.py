"""Postings as they rest: beside the claim, remittance or deposit whose money they moved."""

from dataclasses import dataclass
from typing import ClassVar, Self

from functions.billing.domain.keys import Key
from functions.billing.domain.ledger.postings import Posting
from functions.billing.ports import Records


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPosting:
    """A posting in its partition. The key carries the posting's own, so that nothing is booked twice."""

    kind: ClassVar[str] = "POSTING"

    partition: str
    posting: Posting

    @classmethod
    def of_claim(cls, posting: Posting) -> Self:
        """A posting that moves a claim's balance."""
        return cls(partition=f"CLAIM#{posting.claim_id}", posting=posting)

    @property
    def key(self) -> Key:
        """The partition, and the posting's own key."""
        return Key(self.partition, f"POSTING#{self.posting.key}")


def postings_under(records: Records, partition: str) -> tuple[Posting, ...]:
    """All postings of a partition, in key order."""
    return tuple(stored.posting for stored in records.under(StoredPosting, partition, "POSTING#"))


def postings_of(records: Records, claim_id: str) -> tuple[Posting, ...]:
    """All postings of a claim."""
    return postings_under(records, f"CLAIM#{claim_id}")
