"""The charge of a claim on the ledger: booked when the claim is known to have left, corrected when it is replaced."""

from datetime import datetime

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.ledger.balances import claim_balance
from functions.billing.domain.ledger.bookings import charge_correction_posting, charge_posting
from functions.billing.ports import Records
from functions.billing.usecases.postings import StoredPosting, postings_of


def charge_due(records: Records, claim: Claim, *, at: datetime) -> StoredPosting | None:
    """What is still to be booked of the claim's charge: all of it, the change since, or nothing.

    Revenue is earned once: a claim that follows another to the next payer bears what that one left over.
    """
    if claim.follows_claim_id:
        return None
    booked = postings_of(records, claim.claim_id)
    if not booked:
        return StoredPosting.of_claim(
            charge_posting(claim.claim_id, claim.charge_cents, occurred_on=at.date())
        )
    correction = charge_correction_posting(
        claim.claim_id,
        booked_cents=claim_balance(claim.claim_id, booked).charged_cents,
        charge_cents=claim.charge_cents,
        revision=claim.revision,
        occurred_on=at.date(),
    )
    return StoredPosting.of_claim(correction) if correction else None
