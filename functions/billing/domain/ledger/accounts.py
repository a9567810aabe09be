"""The chart of accounts: the names a finance person knows, and nothing else holds a balance."""

from enum import StrEnum


class Account(StrEnum):
    """One account of the general ledger that billing moves money in.

    Amounts are signed cents: a debit is positive, a credit negative. So assets normally stand
    positive, liabilities and income negative.
    """

    # Assets.
    INSURANCE_RECEIVABLE = "insurance_receivable"
    NEXT_PAYER_RECEIVABLE = "next_payer_receivable"
    PATIENT_RECEIVABLE = "patient_receivable"
    REMITTANCE_CLEARING = "remittance_clearing"
    """Paid according to a remittance, not yet seen at the bank: a deposit clears it."""
    CASH = "cash"

    # Liabilities.
    REFUNDS_PAYABLE = "refunds_payable"
    """Credit balances: money received twice, or before it can be explained by a reversal."""
    UNAPPLIED_REMITTANCE = "unapplied_remittance"
    """Received for a claim that could not be matched to one of ours."""
    PAYER_RECOUPMENT = "payer_recoupment"
    """What a payer takes back or has announced to take back (PLB WO, 72)."""
    PAYER_FORWARD_BALANCE = "payer_forward_balance"
    """Carried by a payer from one payment to another (PLB FB)."""
    PAYER_ADVANCE = "payer_advance"
    """Advanced by a payer, to be repaid out of later payments (PLB AP, AM)."""

    # Income, and what reduces it.
    PATIENT_SERVICE_REVENUE = "patient_service_revenue"
    INTEREST_INCOME = "interest_income"
    OTHER_PAYER_INCOME = "other_payer_income"
    """Capitation, bonuses, rebates: paid by a payer, but not for one claim."""
    CONTRACTUAL_ADJUSTMENT = "contractual_adjustment"
    WRITE_OFF = "write_off"
    PAYER_WITHHOLDING = "payer_withholding"
    """Taxes, levies and withholds taken out of a payment (PLB E3, IR, LE, WU)."""
    PAYER_FEE = "payer_fee"
    """Fees and penalties taken out of a payment (PLB AH, L3, 50, 51)."""
    PROVIDER_LEVEL_ADJUSTMENT = "provider_level_adjustment"
    """Provider-level amounts with no better home (PLB CS, J1, …): finance reviews it."""


RECEIVABLES = (
    Account.INSURANCE_RECEIVABLE,
    Account.NEXT_PAYER_RECEIVABLE,
    Account.PATIENT_RECEIVABLE,
)
"""What somebody still owes for a claim."""
