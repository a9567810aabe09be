"""Telling a new payment from a second copy of one (X12 835 TRN, BPR; never the file's name)."""

import hashlib
from collections.abc import Iterable, Mapping
from enum import StrEnum

from functions.billing.domain.remittance.records import (
    Adjustment,
    ProviderAdjustment,
    RemittanceHeader,
    RemittedClaim,
)


class Arrival(StrEnum):
    """What a payment that just arrived is, compared with those known."""

    NEW = "new"
    DUPLICATE = "duplicate"
    """Same identity, same content: a copy, kept and shown, not posted."""
    CONFLICT = "conflict"
    """Same identity, other content: neither dropped nor posted until a person looks."""
    TEST = "test"
    """ISA15 = T: never posted."""


class ContentDigest:
    """A running digest of what a payment says, free of envelope and control numbers.

    Fed claim by claim, so that a file of any size needs the memory of one claim.
    """

    def __init__(self, header: RemittanceHeader) -> None:
        self._digest = hashlib.sha256()
        self._add("payment", header.identity)

    def add(self, claim: RemittedClaim) -> None:
        """Take in the next claim, in file order."""
        self._add(
            "claim",
            claim.ordinal,
            claim.patient_control_number,
            claim.claim_status,
            claim.charge_cents,
            claim.paid_cents,
            claim.payer_claim_control_number,
            *_words(claim.adjustments),
        )
        for line in claim.lines:
            self._add(
                "line",
                line.ordinal,
                line.procedure,
                line.charge_cents,
                line.paid_cents,
                line.line_id,
                *_words(line.adjustments),
            )

    def add_adjustment(self, one: ProviderAdjustment) -> None:
        """Take in the next provider-level adjustment; they come after the claims (PLB)."""
        self._add("provider", one.provider_id, one.reason, one.reference, one.amount_cents)

    def hexdigest(self) -> str:
        """The digest of what was taken in so far."""
        return self._digest.hexdigest()

    def _add(self, *words: object) -> None:
        # Lengths go in as well, so that moving a character between fields changes the digest.
        for word in words:
            text = str(word).encode()
            self._digest.update(b"%d:" % len(text))
            self._digest.update(text)


def _words(adjustments: Iterable[Adjustment]) -> Iterable[str]:
    return (f"{one.group}-{one.reason}:{one.amount_cents}" for one in adjustments)


def content_digest(header: RemittanceHeader, claims: Iterable[RemittedClaim]) -> str:
    """The content digest of a payment whose claims are at hand."""
    digest = ContentDigest(header)
    for claim in claims:
        digest.add(claim)
    for one in header.provider_adjustments:
        digest.add_adjustment(one)
    return digest.hexdigest()


def classify_arrival(
    header: RemittanceHeader, digest: str, known_digests: Mapping[str, str]
) -> Arrival:
    """Compare a payment with those known, `known_digests` being identity → content digest."""
    if header.is_test:
        return Arrival.TEST
    known = known_digests.get(header.identity)
    if known is None:
        return Arrival.NEW
    return Arrival.DUPLICATE if known == digest else Arrival.CONFLICT
