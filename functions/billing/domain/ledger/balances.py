"""Balances are sums of postings, and the proof that the ledger sums to zero."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from functions.billing.domain.ledger.accounts import RECEIVABLES, Account
from functions.billing.domain.ledger.postings import Entry, Posting, PostingKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """Signed cents per account, per claim and account, and per source and account.

    Accounts, claims and sources that stand at zero are left out.
    """

    by_account: Mapping[Account, int]
    by_claim: Mapping[str, Mapping[Account, int]]
    by_source: Mapping[str, Mapping[Account, int]]

    def account_cents(self, account: Account) -> int:
        """The balance of one account, 0 if nothing was booked."""
        return self.by_account.get(account, 0)

    def claim_cents(self, claim_id: str, account: Account) -> int:
        """The balance of one claim in one account, 0 if nothing was booked."""
        return self.by_claim.get(claim_id, {}).get(account, 0)


def balances(postings: Iterable[Posting]) -> Balances:
    """Sum postings. A key seen twice counts once: it is the same fact, delivered again."""
    by_account: defaultdict[Account, int] = defaultdict(int)
    by_claim: defaultdict[str, defaultdict[Account, int]] = defaultdict(lambda: defaultdict(int))
    by_source: defaultdict[str, defaultdict[Account, int]] = defaultdict(lambda: defaultdict(int))
    for posting in once_each(postings):
        for entry in posting.entries:
            by_account[entry.account] += entry.amount_cents
            if entry.claim_id:
                by_claim[entry.claim_id][entry.account] += entry.amount_cents
            by_source[posting.source][entry.account] += entry.amount_cents
    return Balances(
        by_account=_non_zero(by_account),
        by_claim={claim: kept for claim, held in by_claim.items() if (kept := _non_zero(held))},
        by_source={source: kept for source, held in by_source.items() if (kept := _non_zero(held))},
    )


def once_each(postings: Iterable[Posting]) -> Iterable[Posting]:
    """Each key's first posting, in the order given."""
    seen: set[str] = set()
    for posting in postings:
        if posting.key not in seen:
            seen.add(posting.key)
            yield posting


def _non_zero(cents_by_account: Mapping[Account, int]) -> dict[Account, int]:
    return {account: cents for account, cents in cents_by_account.items() if cents}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimBalance:
    """What one claim was billed, what became of it, and what is still owed by whom.

    All amounts are cents and positive in the usual direction: `paid` and `adjusted` reduce what is
    owed, `credit` is owed back by us. `transferred` is what came from another claim of the same encounter, negative
    where it went to one.
    """

    charged_cents: int
    transferred_cents: int
    paid_by_payer_cents: int
    contractual_cents: int
    write_off_cents: int
    insurance_cents: int
    next_payer_cents: int
    patient_cents: int
    credit_cents: int

    @property
    def outstanding_cents(self) -> int:
        """What payers and patient together still owe."""
        return self.insurance_cents + self.next_payer_cents + self.patient_cents

    @property
    def is_settled(self) -> bool:
        """Nobody owes anything, in either direction."""
        return not (
            self.insurance_cents or self.next_payer_cents or self.patient_cents or self.credit_cents
        )


def claim_balance(claim_id: str, postings: Iterable[Posting]) -> ClaimBalance:
    """The balance of one claim, as the sum of its ledger."""
    cents: defaultdict[Account, int] = defaultdict(int)
    paid_cents = transferred_cents = 0
    for posting in once_each(postings):
        for entry in posting.entries:
            if entry.claim_id != claim_id:
                continue
            cents[entry.account] += entry.amount_cents
            if posting.kind is PostingKind.TRANSFER:
                transferred_cents += entry.amount_cents
            if entry.account is Account.REMITTANCE_CLEARING:
                paid_cents += entry.amount_cents
    return ClaimBalance(
        charged_cents=-cents[Account.PATIENT_SERVICE_REVENUE],
        transferred_cents=transferred_cents,
        paid_by_payer_cents=paid_cents,
        contractual_cents=cents[Account.CONTRACTUAL_ADJUSTMENT],
        write_off_cents=cents[Account.WRITE_OFF],
        insurance_cents=cents[Account.INSURANCE_RECEIVABLE],
        next_payer_cents=cents[Account.NEXT_PAYER_RECEIVABLE],
        patient_cents=cents[Account.PATIENT_RECEIVABLE],
        credit_cents=-cents[Account.REFUNDS_PAYABLE],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerProof:
    """Whether the ledger holds. Every figure is summed from entries, none assumed.

    Attributes
    ----------
    imbalance_cents
        Sum of the absolute imbalances of all postings: 0, or the ledger is broken. Absolute, so
        that two errors cannot hide each other.
    unbalanced_postings
        Keys whose entries do not sum to zero.
    conflicting_keys
        Keys that were booked twice with different entries.
    """

    posting_count: int
    entry_count: int
    imbalance_cents: int
    unbalanced_postings: tuple[str, ...]
    conflicting_keys: tuple[str, ...]
    receivable_cents: int

    @property
    def holds(self) -> bool:
        """Nothing is unbalanced and no key is ambiguous."""
        return not (self.imbalance_cents or self.unbalanced_postings or self.conflicting_keys)


def prove(postings: Iterable[Posting]) -> LedgerProof:
    """Prove postings that could be built, and so are balanced one by one, as a whole."""
    return prove_entries((posting.key, posting.entries) for posting in postings)


def prove_entries(stored: Iterable[tuple[str, tuple[Entry, ...]]]) -> LedgerProof:
    """Prove raw entries as read from the store, by posting key.

    Stored entries may be damaged in ways that `Posting` would refuse to be built from; here they
    are counted instead. The same key with the same entries is one fact delivered twice.
    """
    entries_by_key: dict[str, tuple[Entry, ...]] = {}
    conflicting: list[str] = []
    for key, entries in stored:
        known = entries_by_key.setdefault(key, entries)
        if known != entries:
            conflicting.append(key)
    sums = {key: sum(entry.amount_cents for entry in held) for key, held in entries_by_key.items()}
    return LedgerProof(
        posting_count=len(entries_by_key),
        entry_count=sum(len(entries) for entries in entries_by_key.values()),
        imbalance_cents=sum(abs(cents) for cents in sums.values()),
        unbalanced_postings=tuple(key for key, cents in sums.items() if cents),
        conflicting_keys=tuple(conflicting),
        receivable_cents=sum(
            entry.amount_cents
            for entries in entries_by_key.values()
            for entry in entries
            if entry.account in RECEIVABLES
        ),
    )
