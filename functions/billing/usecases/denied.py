"""Which denials a posted answer opens: its own, and those of an earlier answer that comes into force with it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.denials.case import DenialCase, DeniedLine
from functions.billing.domain.ledger.postings import Posting
from functions.billing.domain.remittance.post import PostingPlan, PostingState
from functions.billing.domain.remittance.reconcile import (
    LineOutcome,
    OutcomeAction,
    OutcomeKind,
    adjustment_of,
)
from functions.billing.domain.remittance.records import RemittedClaim

_POSTED = frozenset({PostingState.POSTED, PostingState.HELD})


def denials_in(
    plan: PostingPlan,
    remitted: RemittedClaim,
    prior: Sequence[Posting],
    *,
    claim: Claim,
    claim_paid_cents: int,
    at: datetime,
) -> Iterable[DenialCase]:
    """A case for each answer with something denied, or adjusted for a reason nobody knows."""
    if plan.state not in _POSTED:
        return
    by_answer: dict[str, list[LineOutcome]] = defaultdict(list)
    for outcome in plan.outcomes:
        is_unknown = outcome.kind is OutcomeKind.UNMAPPED_ADJUSTMENT
        if outcome.action is OutcomeAction.APPEAL or is_unknown:
            by_answer[outcome.occurrence or plan.occurrence].append(outcome)
    for occurrence, outcomes in by_answer.items():
        is_own = occurrence == plan.occurrence
        if is_own and remitted.is_reversal:
            continue
        lines = (
            _remitted_lines(remitted, outcomes)
            if is_own
            else _booked_lines(prior, occurrence, outcomes)
        )
        yield DenialCase(
            denial_id=DenialCase.id_of(occurrence, claim.claim_id),
            claim_id=claim.claim_id,
            payer_id=claim.payer_id,
            occurrence=occurrence,
            lines=tuple(lines),
            amount_cents=sum(outcome.amount_cents for outcome in outcomes),
            received_at=at,
            is_first_pass=is_own and plan.adjudication.is_first_pass_denial,
            payer_claim_control_number=(
                remitted.payer_claim_control_number or claim.payer_claim_control_number
            ),
            claim_paid_cents=claim_paid_cents,
        )


def _denied_cents(outcomes: Iterable[LineOutcome]) -> dict[int, int]:
    cents: dict[int, int] = defaultdict(int)
    for outcome in outcomes:
        cents[outcome.line_ordinal] += outcome.amount_cents
    return cents


def _remitted_lines(
    remitted: RemittedClaim, outcomes: Sequence[LineOutcome]
) -> Iterable[DeniedLine]:
    """As the payer just said it; what stands at claim level (ordinal 0) comes last."""
    denied = _denied_cents(outcomes)
    line_ids = {outcome.line_ordinal: outcome.line_id for outcome in outcomes}
    for line in remitted.lines:
        if line.ordinal in denied:
            yield DeniedLine(
                line_id=line_ids[line.ordinal],
                procedure=line.procedure,
                charge_cents=line.charge_cents,
                paid_cents=line.paid_cents,
                denied_cents=denied[line.ordinal],
                adjustments=line.adjustments,
                remarks=(*line.remarks, *remitted.remarks),
            )
    if 0 in denied:
        yield DeniedLine(
            line_id="",
            procedure="",
            charge_cents=remitted.charge_cents,
            paid_cents=remitted.paid_cents,
            denied_cents=denied[0],
            adjustments=remitted.adjustments,
            remarks=remitted.remarks,
        )


def _booked_lines(
    prior: Sequence[Posting], occurrence: str, outcomes: Sequence[LineOutcome]
) -> Iterable[DeniedLine]:
    """As the ledger remembers an answer that was held until now; its remarks rest in its own file."""
    denied = _denied_cents(outcomes)
    for posting in prior:
        booked = posting.adjudicated
        if booked is None or booked.occurrence != occurrence or posting.key != booked.key:
            continue
        if booked.line_ordinal in denied:
            yield DeniedLine(
                line_id=posting.line_id,
                procedure="",
                charge_cents=booked.charge_cents,
                paid_cents=booked.paid_cents,
                denied_cents=denied[booked.line_ordinal],
                adjustments=tuple(map(adjustment_of, booked.codes)),
            )
