"""Measure the KPIs from claims, payments and visits, and keep the snapshot.

Reads   claims of the last months with their postings and denials; payments; visits.
Writes  one snapshot, by segment. CloudWatch gets the totals only: segments would each be a metric of its own.
Fails   nothing of its own; a second run for the same cause keeps the first snapshot.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.revisions import Judgement
from functions.billing.domain.commit import Actor, Cause, Commit
from functions.billing.domain.denials.case import DenialCase
from functions.billing.domain.eligibility.coverages import KnownCoverage, Visit, VisitState
from functions.billing.domain.kpis.facts import (
    ClaimFacts,
    Period,
    PostingFacts,
    Segments,
    VisitFacts,
)
from functions.billing.domain.kpis.measures import (
    Kpi,
    measure_claims,
    measure_postings,
    measure_visits,
)
from functions.billing.domain.kpis.snapshot import KpiSnapshot, measured
from functions.billing.domain.ledger.balances import claim_balance
from functions.billing.domain.remittance.payments import BATCH, PostedBatch, Remittance
from functions.billing.domain.remittance.review import ReviewCause
from functions.billing.ports import Clock, Records
from functions.billing.usecases.postings import postings_of

STEP = "measure_kpis"
PERIOD = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureKpis:
    """Measure now."""


def measure_kpis(
    command: MeasureKpis,  # noqa: ARG001 the schedule says nothing but when
    cause: Cause,
    *,
    records: Records,
    clock: Clock,
) -> dict[str, Any]:
    """`measured`, with each KPI's total as numerator and denominator."""
    now = clock.now()
    # Half-open: what happened at this very moment belongs to the period.
    period = Period(now - PERIOD, now + timedelta(seconds=1))
    kpis = (
        *measure_claims(tuple(_claim_facts(records, now)), period),
        *measure_postings(tuple(_posting_facts(records, now)), period),
        *measure_visits(tuple(_visit_facts(records)), period),
    )
    snapshot = KpiSnapshot(
        measured_at=now,
        cause_id=cause.cause_id,
        period_starts_at=period.starts_at,
        period_ends_at=period.ends_at,
        measures=tuple(each for kpi in kpis for each in measured(kpi)),
    )
    if records.get(KpiSnapshot, snapshot.key) is None:
        records.commit(
            Commit(
                step=STEP,
                cause=cause,
                actor=Actor(STEP),
                at=now,
                root=snapshot,
                decision="measured",
            )
        )
    return {"outcome": "measured", "kpis": _totals(kpis)}


def _totals(kpis: Iterable[Kpi]) -> dict[str, list[int]]:
    return {str(kpi.name): [kpi.total.numerator, kpi.total.denominator] for kpi in kpis}


def _months(now: datetime) -> Iterator[str]:
    """The current month and the three before it: nothing older is still first-pass."""
    day = now.replace(day=1)
    for _ in range(4):
        yield f"{day:%Y-%m}"
        day = (day - timedelta(days=1)).replace(day=1)


def _claim_facts(records: Records, now: datetime) -> Iterator[ClaimFacts]:
    for month in _months(now):
        for claim in records.listed(Claim, f"CLAIMS#{month}"):
            yield _facts_of(records, claim)


def _facts_of(records: Records, claim: Claim) -> ClaimFacts:
    balance = claim_balance(claim.claim_id, postings_of(records, claim.claim_id))
    denials = tuple(records.listed(DenialCase, f"DENIALS#{claim.claim_id}"))
    first = next((case for case in denials if case.is_first_pass), None)
    judgements = records.under(Judgement, claim.key.partition, "JUDGEMENT#001")
    # Judged again after a roll-back, the first revision counts as its newest judging has it.
    failed = any(rule.severity == "reject" for each in judgements[-1:] for rule in each.failed)
    return ClaimFacts(
        claim_id=claim.claim_id,
        segments=_segments(claim),
        # The charge of a claim to a second payer is its first claim's.
        charge_cents=0 if claim.follows_claim_id else claim.charge_cents,
        paid_cents=balance.paid_by_payer_cents,
        patient_cents=balance.patient_cents,
        outstanding_cents=balance.outstanding_cents,
        encounter_closed_at=claim.signed_at,
        staged_at=claim.staged_at,
        submitted_at=claim.submitted_at,
        accepted_at=claim.accepted_at,
        first_remitted_at=claim.first_remitted_at,
        first_paid_at=claim.first_remitted_at if balance.paid_by_payer_cents else None,
        closed_at=claim.closed_at,
        touches=claim.touches,
        was_rejected=claim.rejections > 0,
        failed_edits=failed,
        # Whatever the claim is now, its first remittance answered the original.
        is_original=True,
        is_first_pass_denied=claim.first_pass_denied,
        first_pass_denied_cents=first.amount_cents if first else 0,
        denied_by_bucket=tuple((case.bucket, case.amount_cents) for case in denials if case.bucket),
        denied_at=first.received_at if first else None,
        denied_cents=sum(case.amount_cents for case in denials),
        recovered_cents=sum(case.recovered_cents for case in denials),
        denial_resolved_at=first.resolved_at if first else None,
    )


def _segments(claim: Claim) -> Segments:
    return Segments(
        payer=claim.payer_id,
        location=claim.location_id,
        provider=claim.provider_id,
        service_line=claim.service_line,
        department=claim.department,
    )


def _posting_facts(records: Records, now: datetime) -> Iterator[PostingFacts]:
    """One fact a remitted claim; what is kept aside, a payment or one answer, nobody but a person posts."""
    for month in _months(now):
        for remittance in records.listed(Remittance, f"REMITTANCES#{month}"):
            if not remittance.answers_nobody:
                yield from _facts_of_payment(records, remittance)


def _facts_of_payment(records: Records, remittance: Remittance) -> Iterator[PostingFacts]:
    batches = records.under(PostedBatch, remittance.key.partition, BATCH)
    answered = sum(batch.claims for batch in batches)
    causes = [cause for batch in batches for cause in Counter(batch.set_aside).elements()]
    posted = [""] * (answered - len(causes))
    unread = ["not_posted"] * (remittance.claims - answered)
    for ordinal, cause in enumerate((*posted, *causes, *unread)):
        yield PostingFacts(
            occurrence=f"{remittance.remittance_id}|{ordinal}",
            segments=Segments(payer=remittance.header.payer_identifier),
            received_at=remittance.received_at,
            posted_at=None if cause else remittance.posted_at,
            is_matched=not cause or cause in set(ReviewCause),
            is_posted_by_person=remittance.release is not None,
            unmatched_cause="" if cause in set(ReviewCause) else cause,
        )


def _visit_facts(records: Records) -> Iterator[VisitFacts]:
    for visit in records.listed(Visit, "VISITS"):
        if (
            visit.state is VisitState.CANCELLED
            or visit.starts_at is None
            or visit.booked_on is None
        ):
            continue
        primary = next(iter(visit.coverage_ids), None)
        known = records.get(KnownCoverage, KnownCoverage.key_of(primary)) if primary else None
        yield VisitFacts(
            encounter_id=visit.appointment_id,
            segments=Segments(
                payer=known.coverage.payer.payer_id if known else "", location=visit.location_id
            ),
            scheduled_on=visit.booked_on,
            service_on=visit.starts_at.date(),
            verified_on=visit.verified_on,
            was_fresh_at_service=visit.was_fresh_at_check_in,
            needs_authorization=visit.needs_authorization,
            had_authorization_at_scheduling=visit.authorized_at_booking,
        )
