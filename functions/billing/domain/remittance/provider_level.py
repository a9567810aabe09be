"""Provider-level adjustments (X12 835 PLB): money that moves outside any claim payment.

A positive PLB amount reduces the payment and a negative one increases it (X12 RFI 2348, 2601).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.postings import Entry, Posting, PostingKind
from functions.billing.domain.remittance.records import ProviderAdjustment, RemittanceHeader
from functions.billing.domain.remittance.snapshots import ClaimSnapshot

_ACCOUNTS: dict[str, Account] = {
    # Overpayment recovery, and the acknowledgement of a refund that we sent.
    "WO": Account.PAYER_RECOUPMENT,
    "72": Account.PAYER_RECOUPMENT,
    "B3": Account.PAYER_RECOUPMENT,
    "OB": Account.PAYER_RECOUPMENT,
    "FB": Account.PAYER_FORWARD_BALANCE,
    "AP": Account.PAYER_ADVANCE,
    "AM": Account.PAYER_ADVANCE,
    "L6": Account.INTEREST_INCOME,
    "BN": Account.OTHER_PAYER_INCOME,
    "CT": Account.OTHER_PAYER_INCOME,
    "B2": Account.OTHER_PAYER_INCOME,
    "90": Account.OTHER_PAYER_INCOME,
    "E3": Account.PAYER_WITHHOLDING,
    "IR": Account.PAYER_WITHHOLDING,
    "LE": Account.PAYER_WITHHOLDING,
    "WU": Account.PAYER_WITHHOLDING,
    "L3": Account.PAYER_FEE,
    "50": Account.PAYER_FEE,
    "51": Account.PAYER_FEE,
    "AH": Account.PAYER_FEE,
    "03": Account.PAYER_FEE,
    "CS": Account.PROVIDER_LEVEL_ADJUSTMENT,
    "J1": Account.PROVIDER_LEVEL_ADJUSTMENT,
    "PI": Account.PROVIDER_LEVEL_ADJUSTMENT,
    "IS": Account.PROVIDER_LEVEL_ADJUSTMENT,
    "PL": Account.PROVIDER_LEVEL_ADJUSTMENT,
    "RA": Account.PROVIDER_LEVEL_ADJUSTMENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAdjustmentPlan:
    """One PLB pair booked. `needs_review` says why finance should look, or is empty."""

    posting: Posting
    claim_id: str
    is_takeback: bool
    needs_review: str = ""


def account_of_provider_adjustment(reason: str) -> Account | None:
    """The account of a PLB reason code (PLB03-1), or None if we do not know the code."""
    return _ACCOUNTS.get(reason)


def claim_of_reference(reference: str, claims: Iterable[ClaimSnapshot]) -> str:
    """The claim a PLB reference (PLB03-2) names, or an empty string.

    Payers put the payer claim control number or our patient control number there, and may add to
    it; only a full number counts, alone or as one of several words.
    """
    words = {reference, *reference.split()}
    found = {
        claim.claim_id
        for claim in claims
        if words & {*claim.payer_claim_control_numbers, *claim.patient_control_numbers}
    }
    return next(iter(found)) if len(found) == 1 else ""


def plan_provider_adjustment(
    adjustment: ProviderAdjustment,
    header: RemittanceHeader,
    ordinal: int,
    *,
    posted_on: date,
    claim_id: str = "",
) -> ProviderAdjustmentPlan:
    """Book one PLB pair. `ordinal` counts the pairs of the payment from 1.

    A code that is not known still moves its money, to the account that finance reviews.
    """
    account = account_of_provider_adjustment(adjustment.reason)
    is_takeback = adjustment.reason == "WO" and adjustment.amount_cents > 0
    review = ""
    if account is None:
        review = "unknown_provider_adjustment"
    elif is_takeback and not claim_id:
        review = "takeback_without_claim"
    return ProviderAdjustmentPlan(
        posting=provider_adjustment_posting(
            adjustment, header, ordinal, posted_on=posted_on, claim_id=claim_id
        ),
        claim_id=claim_id,
        is_takeback=is_takeback,
        needs_review=review,
    )


def provider_adjustment_posting(
    adjustment: ProviderAdjustment,
    header: RemittanceHeader,
    ordinal: int,
    *,
    posted_on: date,
    claim_id: str = "",
) -> Posting:
    """Book one PLB pair out of the payment's clearing, into the account of its reason."""
    account = account_of_provider_adjustment(adjustment.reason) or Account.PROVIDER_LEVEL_ADJUSTMENT
    return Posting(
        key=f"{header.identity}|{header.transaction_control_number}|PLB|{ordinal}",
        kind=PostingKind.PROVIDER_ADJUSTMENT,
        entries=(
            Entry(account, adjustment.amount_cents, claim_id),
            Entry(Account.REMITTANCE_CLEARING, -adjustment.amount_cents, claim_id),
        ),
        occurred_on=posted_on,
        source=header.identity,
        claim_id=claim_id,
    )
