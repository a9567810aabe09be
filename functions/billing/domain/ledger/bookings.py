"""Each business fact that moves money, as the posting it makes."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from functions.billing.domain.errors import MoneyError
from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.postings import (
    AdjudicatedAmounts,
    Entry,
    Posting,
    PostingKind,
    entries_of,
)


def charge_posting(claim_id: str, charge_cents: int, *, occurred_on: date) -> Posting:
    """Revenue is earned when a claim is first submitted, in full charges.

    Raises
    ------
    MoneyError
        If the charge is negative.
    """
    if charge_cents < 0:
        raise MoneyError("charge_negative", subject=claim_id)
    return Posting(
        key=f"charge|{claim_id}|1",
        kind=PostingKind.CHARGE,
        entries=_charge_entries(claim_id, charge_cents),
        occurred_on=occurred_on,
        source=claim_id,
        claim_id=claim_id,
    )


def charge_correction_posting(
    claim_id: str, *, booked_cents: int, charge_cents: int, revision: int, occurred_on: date
) -> Posting | None:
    """A replacement (frequency 7) or void (8, charge 0) changes what was billed by the difference.

    Returns None when the charge did not change. `revision` starts at 2.
    """
    if booked_cents == charge_cents:
        return None
    return Posting(
        key=f"charge|{claim_id}|{revision}",
        kind=PostingKind.CHARGE_CORRECTION,
        entries=_charge_entries(claim_id, charge_cents - booked_cents),
        occurred_on=occurred_on,
        source=claim_id,
        claim_id=claim_id,
    )


def _charge_entries(claim_id: str, cents: int) -> tuple[Entry, ...]:
    return entries_of(
        claim_id,
        (
            (Account.INSURANCE_RECEIVABLE, cents),
            (Account.PATIENT_SERVICE_REVENUE, -cents),
        ),
    )


def applied_entries(claim_id: str, adjudicated: AdjudicatedAmounts) -> tuple[Entry, ...]:
    """What an applied answer moves: cash, adjustment and patient share, out of the receivable."""
    return entries_of(
        claim_id,
        (
            (Account.REMITTANCE_CLEARING, adjudicated.paid_cents),
            (adjudicated.receivable, -adjudicated.settled_cents),
            (Account.CONTRACTUAL_ADJUSTMENT, adjudicated.contractual_cents),
            (adjudicated.patient_account, adjudicated.patient_cents),
            (Account.INTEREST_INCOME, adjudicated.interest_cents),
        ),
    )


def held_entries(claim_id: str, adjudicated: AdjudicatedAmounts) -> tuple[Entry, ...]:
    """What a held answer moves: its cash, to the credit balance."""
    return entries_of(
        claim_id,
        (
            (Account.REMITTANCE_CLEARING, adjudicated.paid_cents),
            (Account.REFUNDS_PAYABLE, -adjudicated.paid_cents),
        ),
    )


def released_entries(claim_id: str, adjudicated: AdjudicatedAmounts) -> tuple[Entry, ...]:
    """From held to applied: the cash has already come."""
    return entries_of(
        claim_id,
        (
            (Account.REFUNDS_PAYABLE, adjudicated.paid_cents),
            (adjudicated.receivable, -adjudicated.settled_cents),
            (Account.CONTRACTUAL_ADJUSTMENT, adjudicated.contractual_cents),
            (adjudicated.patient_account, adjudicated.patient_cents),
            (Account.INTEREST_INCOME, adjudicated.interest_cents),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositReceived:
    """Money seen at the bank (an EFT or a cheque). `trace_number` is TRN02 of its addenda."""

    deposit_id: str
    trace_number: str
    amount_cents: int
    deposited_on: date


def deposit_posting(deposit: DepositReceived, *, payment_identity: str = "") -> Posting:
    """The bank's money clears what remittances announced, whichever of the two came first."""
    return Posting(
        key=f"deposit|{deposit.deposit_id}",
        kind=PostingKind.DEPOSIT,
        entries=(
            Entry(Account.CASH, deposit.amount_cents),
            Entry(Account.REMITTANCE_CLEARING, -deposit.amount_cents),
        ),
        occurred_on=deposit.deposited_on,
        source=payment_identity or f"deposit|{deposit.deposit_id}",
    )


class BalanceAdjustmentKind(StrEnum):
    """What a person, or the EHR's cashier, did to a claim's balance."""

    PATIENT_PAYMENT = "patient_payment"
    PATIENT_WRITE_OFF = "patient_write_off"
    INSURANCE_WRITE_OFF = "insurance_write_off"
    NEXT_PAYER_WRITE_OFF = "next_payer_write_off"
    CONTRACTUAL_ACCEPTED = "contractual_accepted"
    """A disputed difference is accepted as contractual after all."""
    TRANSFER_TO_PATIENT = "transfer_to_patient"
    TRANSFER_TO_NEXT_PAYER = "transfer_to_next_payer"
    NEXT_PAYER_TO_PATIENT = "next_payer_to_patient"
    PATIENT_TO_NEXT_PAYER = "patient_to_next_payer"
    CREDIT_APPLIED = "credit_applied"
    """A credit balance turns out to pay what was still open on the claim."""
    REFUND_PAID = "refund_paid"
    """A credit balance is paid back to whom it belongs."""
    CREDIT_TAKEN_BACK = "credit_taken_back"
    """A payer's takeback (PLB WO) settles the credit balance of a payment made twice."""


_SIDES: dict[BalanceAdjustmentKind, tuple[Account, Account]] = {
    BalanceAdjustmentKind.PATIENT_PAYMENT: (Account.CASH, Account.PATIENT_RECEIVABLE),
    BalanceAdjustmentKind.PATIENT_WRITE_OFF: (Account.WRITE_OFF, Account.PATIENT_RECEIVABLE),
    BalanceAdjustmentKind.INSURANCE_WRITE_OFF: (Account.WRITE_OFF, Account.INSURANCE_RECEIVABLE),
    BalanceAdjustmentKind.NEXT_PAYER_WRITE_OFF: (
        Account.WRITE_OFF,
        Account.NEXT_PAYER_RECEIVABLE,
    ),
    BalanceAdjustmentKind.CONTRACTUAL_ACCEPTED: (
        Account.CONTRACTUAL_ADJUSTMENT,
        Account.INSURANCE_RECEIVABLE,
    ),
    BalanceAdjustmentKind.TRANSFER_TO_PATIENT: (
        Account.PATIENT_RECEIVABLE,
        Account.INSURANCE_RECEIVABLE,
    ),
    BalanceAdjustmentKind.TRANSFER_TO_NEXT_PAYER: (
        Account.NEXT_PAYER_RECEIVABLE,
        Account.INSURANCE_RECEIVABLE,
    ),
    BalanceAdjustmentKind.NEXT_PAYER_TO_PATIENT: (
        Account.PATIENT_RECEIVABLE,
        Account.NEXT_PAYER_RECEIVABLE,
    ),
    BalanceAdjustmentKind.PATIENT_TO_NEXT_PAYER: (
        Account.NEXT_PAYER_RECEIVABLE,
        Account.PATIENT_RECEIVABLE,
    ),
    BalanceAdjustmentKind.CREDIT_APPLIED: (
        Account.REFUNDS_PAYABLE,
        Account.INSURANCE_RECEIVABLE,
    ),
    BalanceAdjustmentKind.REFUND_PAID: (Account.REFUNDS_PAYABLE, Account.CASH),
    BalanceAdjustmentKind.CREDIT_TAKEN_BACK: (Account.REFUNDS_PAYABLE, Account.PAYER_RECOUPMENT),
}
"""Debit and credit of each kind, for a positive amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceAdjustment:
    """One change of a claim's balance that no remittance made."""

    adjustment_id: str
    claim_id: str
    kind: BalanceAdjustmentKind
    amount_cents: int
    occurred_on: date


def balance_adjustment_posting(adjustment: BalanceAdjustment) -> Posting:
    """Book a balance adjustment. A mistaken one is undone by `reversal`, not by a negative amount.

    Raises
    ------
    MoneyError
        If the amount is not positive: the kind says the direction.
    """
    if adjustment.amount_cents <= 0:
        raise MoneyError("adjustment_not_positive", subject=adjustment.adjustment_id)
    debit, credit = _SIDES[adjustment.kind]
    return Posting(
        key=f"adjustment|{adjustment.adjustment_id}",
        kind=PostingKind.BALANCE_ADJUSTMENT,
        entries=(
            Entry(debit, adjustment.amount_cents, adjustment.claim_id),
            Entry(credit, -adjustment.amount_cents, adjustment.claim_id),
        ),
        occurred_on=adjustment.occurred_on,
        source=adjustment.adjustment_id,
        claim_id=adjustment.claim_id,
    )


def secondary_charge_posting(
    claim_id: str, *, primary_claim_id: str, amount_cents: int, occurred_on: date
) -> Posting:
    """Move what the next payer should pay from the primary claim to the claim sent to that payer.

    No revenue: that was earned once, on the primary claim.
    """
    if amount_cents < 0:
        raise MoneyError("charge_negative", subject=claim_id)
    return Posting(
        key=f"secondary-charge|{claim_id}",
        kind=PostingKind.TRANSFER,
        entries=(
            Entry(Account.INSURANCE_RECEIVABLE, amount_cents, claim_id),
            Entry(Account.NEXT_PAYER_RECEIVABLE, -amount_cents, primary_claim_id),
        ),
        occurred_on=occurred_on,
        source=primary_claim_id,
        claim_id=claim_id,
    )
