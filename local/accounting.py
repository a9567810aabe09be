"""The money of a run, as the sum of its ledger; nothing else is asked."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import BEFORE_SUBMISSION, ClaimState
from functions.billing.domain.denials.case import DenialCase
from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.balances import (
    ClaimBalance,
    LedgerProof,
    balances,
    claim_balance,
    prove_entries,
)
from functions.billing.domain.ledger.postings import Posting
from functions.billing.domain.remittance.post import Standing, standing_of
from local.run_report import Money, PayerLine
from local.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimMoney:
    """One claim's money: what stands on its ledger, and what the payers' answers in force say."""

    claim: Claim
    balance: ClaimBalance
    standing: Standing

    @property
    def denied_cents(self) -> int:
        """Denied, and still open on the receivable."""
        return max(0, min(self.standing.denied_cents, self.open_insurance_cents))

    @property
    def disputed_cents(self) -> int:
        """Answered in a way that a person must look at."""
        return self.open_insurance_cents - self.denied_cents if self.standing.answers else 0

    @property
    def waiting_cents(self) -> int:
        """Sent, and no answer in force yet."""
        return self.open_insurance_cents - self.denied_cents - self.disputed_cents

    @property
    def open_insurance_cents(self) -> int:
        """What the claim's own payer still owes, by the ledger."""
        return self.balance.insurance_cents

    @property
    def is_unsent(self) -> bool:
        """Nothing was ever billed."""
        return not (self.balance.charged_cents or self.balance.transferred_cents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Every claim's money, and the proof that the ledger holds."""

    claims: tuple[ClaimMoney, ...]
    money: Money
    proof: LedgerProof

    def of(self, claim_id: str) -> ClaimMoney | None:
        """One claim's money."""
        return next((one for one in self.claims if one.claim.claim_id == claim_id), None)


def accounts_of(store: Store) -> Accounts:
    """Sum the ledger."""
    by_partition = store.postings()
    claims = tuple(
        _claim_money(claim, by_partition.get(claim.key.partition, [])) for claim in store.of(Claim)
    )
    every = [posting for postings in by_partition.values() for posting in postings]
    return Accounts(
        claims=claims,
        money=_money(claims, every, store.of(DenialCase)),
        proof=prove_entries(store.entries()),
    )


def _claim_money(claim: Claim, postings: Sequence[Posting]) -> ClaimMoney:
    return ClaimMoney(
        claim=claim,
        balance=claim_balance(claim.claim_id, postings),
        standing=standing_of(postings),
    )


def _money(
    claims: Sequence[ClaimMoney], postings: Sequence[Posting], denials: Sequence[DenialCase]
) -> Money:
    whole = balances(postings)
    patients_paid_cents = sum(_paid_by_patients_cents(posting) for posting in postings)
    return Money(
        billed_cents=sum(one.balance.charged_cents for one in claims),
        contractual_cents=sum(one.balance.contractual_cents for one in claims),
        # Interest and credits reach the bank as well, but are no part of what was billed.
        paid_cents=sum(_earned_cents(one.balance) for one in claims) - patients_paid_cents,
        patient_cents=sum(one.balance.patient_cents for one in claims) + patients_paid_cents,
        denied_cents=sum(one.denied_cents for one in claims),
        waiting_cents=sum(one.waiting_cents for one in claims),
        disputed_cents=sum(one.disputed_cents for one in claims),
        next_payer_cents=sum(one.balance.next_payer_cents for one in claims),
        written_off_cents=sum(one.balance.write_off_cents for one in claims),
        not_yet_billed_cents=sum(one.claim.charge_cents for one in claims if one.is_unsent),
        recovered_cents=sum(case.recovered_cents for case in denials),
        interest_cents=-whole.account_cents(Account.INTEREST_INCOME),
        credit_cents=-whole.account_cents(Account.REFUNDS_PAYABLE),
        unapplied_cents=-whole.account_cents(Account.UNAPPLIED_REMITTANCE),
        deposited_cents=whole.account_cents(Account.CASH) - patients_paid_cents,
    )


def _earned_cents(balance: ClaimBalance) -> int:
    """What has come in for the claim's charges: all that neither is open nor was given up."""
    return (
        balance.charged_cents
        + balance.transferred_cents
        - balance.contractual_cents
        - balance.write_off_cents
        - balance.outstanding_cents
    )


def _paid_by_patients_cents(posting: Posting) -> int:
    """Cash that came for a claim without a remittance."""
    return sum(
        entry.amount_cents
        for entry in posting.entries
        if entry.account is Account.CASH and entry.claim_id
    )


def payer_lines(accounts: Accounts, denials: Sequence[DenialCase]) -> tuple[PayerLine, ...]:
    """Each payer's part."""
    by_payer: defaultdict[str, list[ClaimMoney]] = defaultdict(list)
    for one in accounts.claims:
        by_payer[one.claim.payer_id].append(one)
    return tuple(
        PayerLine(
            payer_id=payer_id or "(none)",
            claims=len(some),
            billed_cents=sum(one.balance.charged_cents for one in some),
            paid_cents=sum(_earned_cents(one.balance) for one in some),
            patient_cents=sum(one.balance.patient_cents for one in some),
            denied_cents=sum(one.denied_cents for one in some),
            denials=sum(case.payer_id == payer_id for case in denials),
            rejections=sum(one.claim.rejections for one in some),
        )
        for payer_id, some in sorted(by_payer.items())
    )


def outcome_of(one: ClaimMoney) -> str:
    """What became of a claim, in a word a billing manager uses."""
    claim = one.claim
    if claim.state is ClaimState.REJECTED:
        return "rejected_at_the_front_door"
    if claim.state in BEFORE_SUBMISSION and one.is_unsent:
        return {
            ClaimState.HELD: "held_by_our_checks",
            ClaimState.AWAITING_APPROVAL: "waiting_for_approval",
        }.get(claim.state, "not_sent_yet")
    if claim.state is ClaimState.VOID:
        return "void"
    if not one.standing.answers:
        return "waiting_for_the_payer"
    return _answered(one)


def _answered(one: ClaimMoney) -> str:
    paid = one.standing.paid_cents > 0
    if one.standing.denied_cents > 0:
        return "partly_denied" if paid else "denied"
    if one.disputed_cents > 0:
        return "paid_in_part"
    if paid:
        return "paid"
    return "patient_pays_all" if one.standing.patient_cents > 0 else "answered_without_money"
