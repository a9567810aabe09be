"""What payers without a contract allowed of late: one small record per answered line, and their median."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median_low
from typing import ClassVar

from functions.billing.domain.keys import Key
from functions.billing.domain.ledger.postings import Posting, PostingKind
from functions.billing.domain.remittance.snapshots import ClaimSnapshot

SAMPLES_MIN = 3
"""Fewer answers than this are an anecdote, not a history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedSample:
    """What a payer allowed for one unit of a procedure on one line of a claim: paid and patient's share together."""

    kind: ClassVar[str] = "ALLOWED"

    payer_id: str
    procedure: str
    claim_id: str
    line_id: str
    answered_at: datetime
    unit_cents: int

    @staticmethod
    def partition_of(payer_id: str, procedure: str) -> str:
        """Where the samples of a payer and procedure rest, by month."""
        return f"ALLOWED#{payer_id}#{procedure}"

    @staticmethod
    def months_before(day: date) -> tuple[str, ...]:
        """The month of a day and the two before it, newest first, as samples are filed."""
        months = []
        for _ in range(3):
            months.append(f"{day:%Y-%m}")
            day = day.replace(day=1) - timedelta(days=1)
        return tuple(months)

    @property
    def key(self) -> Key:
        """Beside the others of the payer and procedure, by time; one per line of a claim and answer."""
        sort = f"{self.answered_at:%Y-%m-%dT%H:%M:%S}#{self.claim_id}#{self.line_id}"
        return Key(self.partition_of(self.payer_id, self.procedure), sort)


def allowed_samples(
    claim: ClaimSnapshot, postings: Iterable[Posting], *, answered_at: datetime
) -> tuple[AllowedSample, ...]:
    """What a payer's answer teaches of lines for which no contract says what it allows.

    Only a first payer's answer that settled the whole line counts: what was denied or left open was not allowed or
    refused, but not decided.
    """
    unknown = {line.line_id: line for line in claim.lines if line.expected_cents is None}
    return tuple(
        AllowedSample(
            payer_id=claim.payer_id,
            procedure=unknown[posting.line_id].procedure,
            claim_id=claim.claim_id,
            line_id=posting.line_id,
            answered_at=answered_at,
            unit_cents=(said.paid_cents + said.patient_cents) // unknown[posting.line_id].units,
        )
        for posting in postings
        if posting.kind is PostingKind.REMITTANCE
        and posting.line_id in unknown
        and (said := posting.adjudicated) is not None
        and said.payer_rank == 1
        and not said.denied_cents
        and not said.open_cents
        and said.paid_cents + said.patient_cents > 0
    )


def median_allowed_cents(samples: Iterable[AllowedSample]) -> int | None:
    """The middle of what was allowed for one unit; None where too few answers are known.

    Of an even number the lower of the two in the middle: an amount that a payer did allow.
    """
    found = [sample.unit_cents for sample in samples]
    return median_low(found) if len(found) >= SAMPLES_MIN else None
