"""Coordination of benefits: the claim a next payer gets, with what the payer before it decided.

The prior payer's decision is read from the ledger, which keeps every answer line by line, so no remittance file is
needed again. A decision goes out only if it balances: charge = paid + adjustments, for each line and for the claim
(X12 837, SV102 = SVD02 + CAS in 2430; CLM02 = AMT*D + CAS in 2320 and 2430).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from functions.billing.domain.claims.content import (
    ORIGINAL,
    ClaimContent,
    OtherPayerPayment,
    PriorAdjustment,
)
from functions.billing.domain.errors import ContractError
from functions.billing.domain.ledger.postings import Posting
from functions.billing.domain.records import Coverage, CoverageRank
from functions.billing.domain.remittance.reconcile import adjustment_of
from functions.billing.domain.remittance.settle import AnsweredLine, answered_lines, settle

_RANKS = tuple(CoverageRank)
_PATIENT = "PR"


@dataclass(frozen=True, slots=True)
class NextClaim:
    """Identity of the claim that follows another one to the next payer."""

    claim_id: str
    patient_control_number: str


def rank_of(coverage: Coverage | None) -> int:
    """1 for the first payer, 2 for the second, 3 for the third; a claim without coverage goes to the first."""
    return _RANKS.index(coverage.rank) + 1 if coverage else 1


def next_coverage(content: ClaimContent) -> Coverage | None:
    """The coverage that pays after the claim's own, or None when it is the last."""
    later = (each for each in content.other_coverages if rank_of(each) > rank_of(content.coverage))
    return min(later, key=rank_of, default=None)


def next_claim(content: ClaimContent, coverage: Coverage) -> NextClaim:
    """The same names every time, so that an answer which arrives twice gives one claim."""
    return NextClaim(
        claim_id=f"{content.claim_id}-{coverage.rank}",
        patient_control_number=f"{content.patient_control_number}{coverage.rank}",
    )


def prior_payment(content: ClaimContent, postings: Iterable[Posting]) -> OtherPayerPayment:
    """What the claim's payer decided, as the answers in force on its ledger say.

    Raises
    ------
    ContractError
        If no answer is in force, one speaks of lines the claim does not have, or it does not balance.
    """
    if content.coverage is None:
        raise ContractError("claim_without_coverage", subject=f"claim:{content.claim_id}")
    answers = _in_force(postings, rank_of(content.coverage))
    if not answers:
        raise ContractError("prior_payer_has_not_answered", subject=f"claim:{content.claim_id}")
    billed = {line.line_id for line in content.lines}
    if any(answer.line_id and answer.line_id not in billed for answer in answers):
        raise ContractError("prior_payer_answered_other_lines", subject=f"claim:{content.claim_id}")
    payment = OtherPayerPayment(
        payer_id=content.payer_id,
        adjudicated_on=max((_settled_on(answer) for answer in answers), key=_known, default=None),
        paid_cents=sum(answer.adjudicated.paid_cents for answer in answers),
        line_paid=_paid_by_line(answers),
        adjustments=_adjustments(answers),
    )
    gaps = imbalances(content, payment)
    if gaps:
        raise ContractError(
            "prior_payment_unbalanced", subject=f"claim:{content.claim_id}", detail=", ".join(gaps)
        )
    return _with_liability(payment)


def imbalances(content: ClaimContent, payment: OtherPayerPayment) -> tuple[str, ...]:
    """Where charge is not paid plus adjustments: line ids, and `claim`. Empty when everything adds up."""
    adjusted: defaultdict[str, int] = defaultdict(int)
    for one in payment.adjustments:
        adjusted[one.line_id] += one.amount_cents
    charges = {line.line_id: line.charge_cents for line in content.lines}
    gaps = [
        line_id
        for line_id, paid_cents in payment.line_paid
        if charges.get(line_id) != paid_cents + adjusted[line_id]
    ]
    if content.total_charge_cents != payment.paid_cents + sum(adjusted.values()):
        gaps.append("claim")
    return tuple(gaps)


def following(
    content: ClaimContent, coverage: Coverage, payment: OtherPayerPayment
) -> ClaimContent:
    """The content for the next payer: the same services, with every payer's decision before it.

    An authorization is the payer's who gave it, and stays behind.
    """
    identity = next_claim(content, coverage)
    others = tuple(each for each in content.other_coverages if each is not coverage)
    own = (content.coverage,) if content.coverage else ()
    return replace(
        content,
        claim_id=identity.claim_id,
        patient_control_number=identity.patient_control_number,
        coverage=coverage,
        other_coverages=tuple(sorted((*own, *others), key=rank_of)),
        other_payments=(*content.other_payments, payment),
        frequency=ORIGINAL,
        original_reference="",
        authorizations=(),
    )


def _in_force(postings: Iterable[Posting], rank: int) -> tuple[AnsweredLine, ...]:
    """Answers of this payer that count: applied, and not cancelled by a reversal."""
    lines = answered_lines(postings)
    pairs = settle(lines).pairs
    cancelled = {*pairs, *pairs.values()}
    return tuple(
        line
        for line in lines
        if line.is_applied
        and line.adjudicated.payer_rank == rank
        and not line.adjudicated.is_reversal
        and line.adjudicated.occurrence not in cancelled
    )


def _settled_on(answer: AnsweredLine) -> date | None:
    text = answer.adjudicated.order.partition("|")[0]
    return date.fromisoformat(text) if text else None


def _known(day: date | None) -> date:
    return day or date.min


def _paid_by_line(answers: Iterable[AnsweredLine]) -> tuple[tuple[str, int], ...]:
    paid: defaultdict[str, int] = defaultdict(int)
    for answer in answers:
        if answer.line_id:
            paid[answer.line_id] += answer.adjudicated.paid_cents
    return tuple(paid.items())


def _adjustments(answers: Iterable[AnsweredLine]) -> tuple[PriorAdjustment, ...]:
    """One for each line, group and reason, as a CAS may name a reason once."""
    cents: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for answer in answers:
        for code in answer.adjudicated.codes:
            one = adjustment_of(code)
            cents[answer.line_id, one.group, one.reason] += one.amount_cents
    return tuple(
        PriorAdjustment(line_id=line_id, group=group, reason=reason, amount_cents=amount)
        for (line_id, group, reason), amount in cents.items()
        if amount
    )


def _with_liability(payment: OtherPayerPayment) -> OtherPayerPayment:
    """What the patient was left to owe, at the one level that can hold all of it."""
    owed = dict(_owed(payment))
    if "" in owed or not payment.line_paid:
        return replace(payment, remaining_cents=sum(owed.values()))
    lines = tuple((line_id, owed.get(line_id, 0)) for line_id, _ in payment.line_paid)
    return replace(payment, line_remaining=lines)


def _owed(payment: OtherPayerPayment) -> Iterator[tuple[str, int]]:
    cents: defaultdict[str, int] = defaultdict(int)
    for one in payment.adjustments:
        if one.group == _PATIENT:
            cents[one.line_id] += one.amount_cents
    yield from cents.items()
