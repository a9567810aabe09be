"""The one benefit that applies is chosen, never the first; an estimate shows how it was made."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.eligibility.benefits import (
    EstimateBasis,
    EstimateCharge,
    choose_benefit,
    estimate,
)
from functions.billing.domain.eligibility.records import (
    Benefit,
    BenefitKind,
    BenefitPeriod,
    CoverageLevel,
    CoverageState,
    EligibilityResult,
    Network,
)
from functions.billing.domain.errors import MoneyError


def benefit(kind: BenefitKind, cents: int | None = None, rate: str = "", **more: object) -> Benefit:
    made = Benefit(kind=kind, amount_cents=cents, rate=Decimal(rate) if rate else None)
    return replace(made, **more)  # type: ignore[arg-type]


COPAY, DEDUCTIBLE = BenefitKind.COPAY, BenefitKind.DEDUCTIBLE


def test_network_service_type_and_level_decide_and_not_the_order() -> None:
    benefits = (
        benefit(COPAY, 9_000, network=Network.OUT),
        benefit(COPAY, 5_000, network=Network.IN),
        benefit(COPAY, 2_500, network=Network.IN, service_type="98"),
        benefit(COPAY, 1_000, network=Network.IN, level=CoverageLevel.FAMILY),
    )

    for order in (benefits, benefits[::-1]):
        specific = choose_benefit(order, COPAY, service_type="98").benefit
        general = choose_benefit(order, COPAY, service_type="33").benefit
        outside = choose_benefit(order, COPAY, service_type="33", network=Network.OUT).benefit
        assert specific is not None
        assert general is not None
        assert outside is not None
        assert (specific.amount_cents, general.amount_cents, outside.amount_cents) == (
            2_500,
            5_000,
            9_000,
        )


def test_several_amounts_that_fit_equally_are_ambiguous_and_equal_ones_are_not() -> None:
    two = (benefit(COPAY, 2_500), benefit(COPAY, 4_000))

    assert choose_benefit(two, COPAY, service_type="30").why_not == "ambiguous"
    same = choose_benefit((two[0], two[0]), COPAY, service_type="30")
    assert same.benefit == two[0]
    assert choose_benefit((), COPAY, service_type="30").why_not == "not_stated"


def test_the_deductible_that_remains_is_not_the_deductible() -> None:
    """EB06 29 and 23 stand side by side in the same answer."""
    both = (
        benefit(DEDUCTIBLE, 100_000, period=BenefitPeriod.TOTAL),
        benefit(DEDUCTIBLE, 30_000, period=BenefitPeriod.REMAINING),
    )

    found = choose_benefit(both, DEDUCTIBLE, service_type="30", period=BenefitPeriod.REMAINING)

    assert found.benefit is not None
    assert found.benefit.amount_cents == 30_000


def result(*benefits: Benefit, state: CoverageState = CoverageState.ACTIVE) -> EligibilityResult:
    return EligibilityResult(
        coverage_id="coverage:1",
        payer_id="payer:1",
        checked_at=datetime(2026, 3, 18, tzinfo=UTC),
        service_date=date(2026, 3, 20),
        state=state,
        benefits=benefits,
    )


VISIT = (EstimateCharge(line_id="1", charge_cents=20_000, allowed_cents=15_000),)


def remaining(cents: int, kind: BenefitKind = DEDUCTIBLE) -> Benefit:
    return benefit(kind, cents, period=BenefitPeriod.REMAINING)


def test_copay_then_deductible_then_coinsurance() -> None:
    made = estimate(
        result(
            benefit(COPAY, 2_000), remaining(5_000), benefit(BenefitKind.COINSURANCE, rate="0.2")
        ),
        VISIT,
    )

    assert [(one.what, one.cents, one.how) for one in made.steps] == [
        ("copay", 2_000, "once per visit"),
        ("deductible", 5_000, "up to $50.00 that remains"),
        ("coinsurance", 1_600, "20% of the $80.00 that is left"),
    ]
    assert (made.patient_cents, made.basis, made.is_complete) == (
        8_600,
        EstimateBasis.BENEFITS,
        True,
    )


def test_the_out_of_pocket_amount_that_remains_bounds_the_estimate() -> None:
    made = estimate(
        result(
            benefit(COPAY, 2_000), remaining(9_000), remaining(3_000, BenefitKind.OUT_OF_POCKET)
        ),
        VISIT,
    )

    assert made.patient_cents == 3_000
    assert made.steps[-1].what == "out_of_pocket_limit"
    assert made.steps[-1].how == "no more than $30.00 remains to be paid"


def test_inactive_coverage_means_full_charges_and_undetermined_means_no_figure() -> None:
    inactive = estimate(result(state=CoverageState.INACTIVE), VISIT)
    unknown = estimate(result(state=CoverageState.UNDETERMINED), VISIT)

    assert (inactive.patient_cents, inactive.basis) == (20_000, EstimateBasis.NOT_COVERED)
    assert (unknown.patient_cents, unknown.basis) == (None, EstimateBasis.NONE)
    assert not unknown.is_complete


def test_what_the_payer_or_contract_did_not_say_is_named() -> None:
    made = estimate(
        result(benefit(COPAY, 2_000), benefit(COPAY, 3_000)),
        (EstimateCharge(line_id="7", charge_cents=1_000),),
    )

    assert set(made.gaps) == {
        "no_contract_amount:7",
        "copay_ambiguous",
        "deductible_remaining_not_stated",
    }
    assert not made.is_complete
    assert "cost_share_not_stated" in estimate(result(remaining(0)), VISIT).gaps


def test_a_negative_charge_is_refused() -> None:
    with pytest.raises(MoneyError, match="charge_negative"):
        estimate(result(), (EstimateCharge(line_id="1", charge_cents=-1),))


@given(
    st.integers(0, 50_000),
    st.integers(0, 50_000),
    st.decimals(0, 1, places=2),
    st.integers(0, 50_000),
    st.lists(st.integers(0, 30_000), min_size=1, max_size=4),
)
def test_an_estimate_is_the_sum_of_its_steps_and_within_what_is_allowed(
    copay: int, deductible: int, rate: Decimal, limit: int, allowed: list[int]
) -> None:
    made = estimate(
        result(
            benefit(COPAY, copay),
            remaining(deductible),
            benefit(BenefitKind.COINSURANCE, rate=str(rate)),
            remaining(limit, BenefitKind.OUT_OF_POCKET),
        ),
        [
            EstimateCharge(line_id=str(number), charge_cents=40_000, allowed_cents=cents)
            for number, cents in enumerate(allowed)
        ],
    )

    assert made.patient_cents == sum(one.cents for one in made.steps)
    assert 0 <= made.patient_cents <= min(limit, sum(allowed))
