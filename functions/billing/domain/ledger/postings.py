"""Balanced double entries: the only way money moves.

A posting is never changed or removed. What was wrong is undone by another posting, its `reversal`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from functions.billing.domain.errors import MoneyError
from functions.billing.domain.ledger.accounts import Account


class PostingKind(StrEnum):
    """Why a posting was made."""

    CHARGE = "charge"
    CHARGE_CORRECTION = "charge_correction"
    REMITTANCE = "remittance"
    """A payer's answer for a line, applied to the claim."""
    REVERSAL = "reversal"
    """A payer's reversal (CLP02 = 22), undoing an applied answer with its original codes."""
    HELD = "held"
    """A payer's answer whose cash stands as a credit balance until it can be applied."""
    RELEASED = "released"
    """A held answer, now applied to the claim."""
    WITHDRAWN = "withdrawn"
    """An applied answer, now held because another one takes its place."""
    UNMATCHED = "unmatched"
    MATCHED = "matched"
    PROVIDER_ADJUSTMENT = "provider_adjustment"
    DEPOSIT = "deposit"
    TRANSFER = "transfer"
    BALANCE_ADJUSTMENT = "balance_adjustment"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a posting: signed cents in one account, debit positive.

    Raises
    ------
    MoneyError
        If the amount is not an integer number of cents.
    """

    account: Account
    amount_cents: int
    claim_id: str = ""

    def __post_init__(self) -> None:
        """Refuse floats, decimals and booleans, which compare equal to cents but are not."""
        if type(self.amount_cents) is not int:
            raise MoneyError("entry_not_integer_cents", subject=self.claim_id)

    def negated(self) -> "Entry":
        """The same amount on the other side."""
        return Entry(self.account, -self.amount_cents, self.claim_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjudicatedAmounts:
    """What a payer's answer means for one line, kept with the posting that booked it.

    With it a later posting can apply, withdraw or reverse the answer without the remittance file.
    `charge = paid + contractual + patient + interest + denied + open` always. What was denied stays
    on the receivable; `open_cents` too (disputed, pended), unless an earlier payer settled it.

    Attributes
    ----------
    occurrence
        Payment identity, ST02 and CLP ordinal: which answer this is.
    line_ordinal
        Position of the SVC within its CLP; 0 for what stands at claim level.
    order
        Sorts answers the same way however they arrived: settlement date, then occurrence.
    payer_rank
        1 primary, 2 secondary, 3 tertiary.
    codes
        Group, reason and cents of each adjustment, `CO-45:2000`, sorted.
    receivable, patient_account
        The accounts that the answer credits and that its patient share debits.
    """

    occurrence: str
    line_ordinal: int
    order: str
    payer_rank: int
    claim_status: str
    charge_cents: int
    paid_cents: int
    contractual_cents: int
    patient_cents: int
    interest_cents: int
    denied_cents: int
    open_cents: int
    receivable: Account
    patient_account: Account
    payer_claim_control_number: str = ""
    codes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Billed = paid + adjusted + patient + open, or it is not a statement about this line."""
        explained_cents = self.settled_cents + self.denied_cents + self.open_cents
        if explained_cents != self.charge_cents:
            raise MoneyError(
                "adjudicated_line_does_not_add_up",
                subject=f"{self.occurrence}|{self.line_ordinal}",
                detail=f"Charge {self.charge_cents}, explained {explained_cents} cents.",
            )

    @property
    def settled_cents(self) -> int:
        """What this answer takes off the receivable."""
        return self.paid_cents + self.contractual_cents + self.patient_cents + self.interest_cents

    @property
    def is_reversal(self) -> bool:
        """CLP02 = 22."""
        return self.claim_status == "22"

    @property
    def key(self) -> str:
        """The key of the posting that first booked this answer (idempotent per line)."""
        return f"{self.occurrence}|{self.line_ordinal}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """Entries that were booked together and sum to zero.

    `key` is unique in the ledger and derived from what caused it, so booking the same cause again
    gives the same key and is absorbed. `source` names the cause: a payment identity, a deposit, a
    claim, an adjustment.

    Raises
    ------
    MoneyError
        If there are no entries, they do not sum to zero, or the key is empty.
    """

    key: str
    kind: PostingKind
    entries: tuple[Entry, ...]
    occurred_on: date
    source: str
    claim_id: str = ""
    line_id: str = ""
    adjudicated: AdjudicatedAmounts | None = None

    def __post_init__(self) -> None:
        """Refuse what would unbalance the ledger or could be booked twice."""
        if not self.key:
            raise MoneyError("posting_without_key", subject=self.source)
        if not self.entries:
            raise MoneyError("posting_without_entries", subject=self.key)
        imbalance_cents = sum(entry.amount_cents for entry in self.entries)
        if imbalance_cents:
            raise MoneyError(
                "posting_unbalanced",
                subject=self.key,
                detail=f"Entries sum to {imbalance_cents} cents; they must sum to zero.",
            )

    def amount_cents(self, account: Account) -> int:
        """What this posting moved in one account."""
        return sum(entry.amount_cents for entry in self.entries if entry.account is account)


def reversal(posting: Posting, *, key: str, occurred_on: date) -> Posting:
    """A posting that undoes another exactly, entry by entry."""
    return Posting(
        key=key,
        kind=PostingKind.UNDO,
        entries=tuple(entry.negated() for entry in posting.entries),
        occurred_on=occurred_on,
        source=posting.key,
        claim_id=posting.claim_id,
        line_id=posting.line_id,
    )


def entries_of(claim_id: str, amounts: Iterable[tuple[Account, int]]) -> tuple[Entry, ...]:
    """Entries of one claim. Zero amounts are left out unless nothing else is left.

    A line that was denied in full moves no money, and still needs a posting which says that it was
    answered; so at least one pair of zero entries remains.
    """
    listed = tuple(amounts)
    moving = tuple(Entry(account, cents, claim_id) for account, cents in listed if cents)
    return moving or tuple(Entry(account, cents, claim_id) for account, cents in listed[:2])
