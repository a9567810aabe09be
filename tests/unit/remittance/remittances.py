"""Builders of payer answers for the remittance tests. Amounts are cents, negatives reverse."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from functions.billing.domain.ledger.bookings import charge_posting
from functions.billing.domain.ledger.postings import Posting
from functions.billing.domain.remittance.adjustments import AdjustmentKind, kind_of_bucket
from functions.billing.domain.remittance.post import PostingPlan, plan_claim_posting
from functions.billing.domain.remittance.reconcile import ReconcilePolicy
from functions.billing.domain.remittance.records import (
    Adjustment,
    ProviderAdjustment,
    RemittanceHeader,
    RemittedClaim,
    RemittedLine,
)
from functions.billing.domain.remittance.snapshots import ClaimLineSnapshot, ClaimSnapshot

DAY = date(2026, 3, 2)

BUCKETS = {
    "45": ("contractual", "fee_schedule"),
    "253": ("contractual", "sequestration"),
    "94": ("informational", "negative_adjustment"),
    "23": ("informational", "prior_payer_impact"),
    "133": ("informational", "pended"),
    "225": ("informational", "interest"),
    "1": ("patient_responsibility", "deductible"),
    "2": ("patient_responsibility", "coinsurance"),
    "197": ("authorization", "absent"),
    "18": ("duplicate", "exact"),
}


def judge(adjustment: Adjustment, _remarks: tuple[str, ...], _paid_cents: int) -> AdjustmentKind:
    """A small code table of the tests' own."""
    bucket, sub_reason = BUCKETS.get(adjustment.reason, ("unmapped", ""))
    return kind_of_bucket(adjustment.group, bucket, sub_reason)


def adjustments(**cents: int) -> tuple[Adjustment, ...]:
    """`adjustments(CO_45=2000, PR_1=500)`."""
    made = []
    for name, amount_cents in cents.items():
        group, _, reason = name.partition("_")
        made.append(Adjustment(group, reason, amount_cents))
    return tuple(made)


def line(
    ordinal: int,
    charge_cents: int,
    split: Mapping[str, int] | None = None,
    *,
    line_id: str = "",
    **cents: int,
) -> RemittedLine:
    """A line that balances: what the adjustments (`split`, `cents`) leave is paid."""
    made = adjustments(**(split or {}), **cents)
    return RemittedLine(
        ordinal=ordinal,
        procedure=f"P{ordinal}",
        charge_cents=charge_cents,
        paid_cents=charge_cents - sum(one.amount_cents for one in made),
        line_id=line_id or f"claim-one-line-{ordinal}",
        adjustments=made,
    )


def answer(
    *lines: RemittedLine,
    ordinal: int = 1,
    status: str = "1",
    remarks: tuple[str, ...] = (),
    charge_cents: int = 0,
    **cents: int,
) -> RemittedClaim:
    """A claim payment that balances. `cents` are claim-level adjustments.

    `charge_cents` is for answers without lines, as institutional claims may have.
    """
    made = adjustments(**cents)
    charge_cents = charge_cents or sum(one.charge_cents for one in lines)
    lines_cents = sum(one.paid_cents for one in lines) if lines else charge_cents
    everything = [*made, *(one for each in lines for one in each.adjustments)]
    return RemittedClaim(
        ordinal=ordinal,
        patient_control_number="PCN0000000001",
        claim_status=status,
        charge_cents=charge_cents,
        paid_cents=lines_cents - sum(one.amount_cents for one in made),
        patient_responsibility_cents=sum(
            one.amount_cents for one in everything if one.group == "PR"
        ),
        payer_claim_control_number="ICN1",
        adjustments=made,
        remarks=remarks,
        lines=lines,
    )


def reversal_of(original: RemittedClaim, *, ordinal: int = 1) -> RemittedClaim:
    """CLP02 = 22: every amount negated, with the original codes."""

    def negated(made: tuple[Adjustment, ...]) -> tuple[Adjustment, ...]:
        return tuple(replace(one, amount_cents=-one.amount_cents) for one in made)

    return replace(
        original,
        ordinal=ordinal,
        claim_status="22",
        charge_cents=-original.charge_cents,
        paid_cents=-original.paid_cents,
        patient_responsibility_cents=-original.patient_responsibility_cents,
        adjustments=negated(original.adjustments),
        lines=tuple(
            replace(
                one,
                charge_cents=-one.charge_cents,
                paid_cents=-one.paid_cents,
                adjustments=negated(one.adjustments),
            )
            for one in original.lines
        ),
    )


def payment(
    number: int,
    total_paid_cents: int = 0,
    *,
    control_number: str = "0001",
    provider_adjustments: tuple[ProviderAdjustment, ...] = (),
) -> RemittanceHeader:
    """The header of payment `number`; later numbers settle later."""
    return RemittanceHeader(
        trace_number=f"EFT{number:04}",
        payer_identifier="1999999999",
        payer_name="Example Payer",
        payee_identifier="1234567893",
        total_paid_cents=total_paid_cents,
        payment_method="ACH",
        settles_on=DAY + timedelta(days=number),
        is_test=False,
        transaction_control_number=control_number,
        provider_adjustments=provider_adjustments,
    )


def claim(
    *charges_cents: int,
    expected_cents: int | None = None,
    payer_rank: int = 1,
    has_next_payer: bool = False,
) -> ClaimSnapshot:
    """One of our claims, with a line for each charge."""
    return ClaimSnapshot(
        claim_id="claim:1",
        state="accepted",
        payer_id="payer:1",
        charge_cents=sum(charges_cents),
        lines=tuple(
            ClaimLineSnapshot(
                line_id=f"claim-one-line-{ordinal}",
                procedure=f"P{ordinal}",
                charge_cents=charge_cents,
                expected_cents=expected_cents,
                service_date=DAY,
            )
            for ordinal, charge_cents in enumerate(charges_cents, start=1)
        ),
        payer_rank=payer_rank,
        has_next_payer=has_next_payer,
        patient_control_numbers=("PCN0000000001",),
        payer_claim_control_numbers=("ICN1",),
    )


def charged(one: ClaimSnapshot) -> tuple[Posting, ...]:
    """The ledger of a claim that was just submitted."""
    return (charge_posting(one.claim_id, one.charge_cents, occurred_on=DAY),)


Arrival = tuple[RemittanceHeader, RemittedClaim]


def plan(
    arrival: Arrival,
    billed: ClaimSnapshot,
    prior: tuple[Posting, ...],
    policy: ReconcilePolicy | None = None,
) -> PostingPlan:
    """Plan one answer with the tests' code table."""
    header, remitted = arrival
    return plan_claim_posting(
        remitted, header, billed, prior, judge=judge, posted_on=DAY, policy=policy
    )


def post_all(billed: ClaimSnapshot, *arrivals: Arrival) -> tuple[Posting, ...]:
    """The claim's ledger after answers arrived in the order given."""
    ledger = charged(billed)
    for arrival in arrivals:
        ledger += plan(arrival, billed, ledger).postings
    return ledger
