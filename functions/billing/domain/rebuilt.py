"""What the records should say, worked out anew from the ledger's postings: a difference is a defect, not a finding."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.ledger.balances import claim_balance
from functions.billing.domain.ledger.postings import Posting
from functions.billing.domain.remittance.payments import (
    Deposit,
    PostedAnswer,
    PostedBatch,
    Remittance,
    RemittanceState,
)
from functions.billing.domain.remittance.post import posted_cents_of


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A record and the ledger disagree. Amounts are cents as text."""

    subject: str
    field: str
    rebuilt: str
    stored: str


def claim_mismatches(claim: Claim, postings: Sequence[Posting]) -> Iterator[Mismatch]:
    """A claim is settled exactly when it is closed, and answered exactly when an answer is posted."""
    is_settled = claim_balance(claim.claim_id, postings).is_settled
    should = {True: ClaimState.CLOSED, False: ClaimState.ADJUDICATED}[is_settled]
    if claim.state in {ClaimState.CLOSED, ClaimState.ADJUDICATED}:
        yield from _unless_equal(claim.subject, "state", should, claim.state)
    is_answered = any(posting.adjudicated for posting in postings)
    yield from _unless_equal(
        claim.subject, "answered", is_answered, claim.first_remitted_at is not None
    )


def payment_mismatches(
    remittance: Remittance,
    postings: Iterable[Posting],
    *,
    batches: Sequence[PostedBatch],
    answers: Sequence[PostedAnswer],
    deposits: Iterable[Deposit],
) -> Iterator[Mismatch]:
    """What a payment counts of its posting and its deposits is what was posted and deposited."""
    if remittance.state not in {RemittanceState.POSTED, RemittanceState.EXCEPTION}:
        return
    subject = remittance.subject
    in_ledger = posted_cents_of(remittance.header.identity, postings)
    yield from _unless_equal(subject, "posted_cents", in_ledger, remittance.posted_cents)
    yield from _unless_equal(
        subject, "posted_claims", sum(one.claims for one in batches), remittance.posted_claims
    )
    yield from _unless_equal(subject, "answers", len(answers), sum(one.claims for one in batches))
    theirs = [one for one in deposits if _is_for(one, remittance.remittance_id)]
    # One deposit for several payments: which part was whose is the matching's word alone.
    if not any(one.also_for for one in theirs):
        deposited = sum(one.amount_cents for one in theirs)
        yield from _unless_equal(subject, "deposited_cents", deposited, remittance.deposited_cents)


def _is_for(deposit: Deposit, remittance_id: str) -> bool:
    return remittance_id in {deposit.remittance_id, *deposit.also_for}


def _unless_equal(subject: str, field: str, rebuilt: object, stored: object) -> Iterator[Mismatch]:
    if rebuilt != stored:
        yield Mismatch(subject, field, str(rebuilt), str(stored))
