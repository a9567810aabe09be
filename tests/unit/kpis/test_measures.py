"""Each measure says what it divides by what, for whom, and says nothing when it cannot."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.errors import MoneyError
from functions.billing.domain.kpis.cost import (
    US_EAST_1_2026,
    CostItem,
    Service,
    UsageCounts,
    cost_of,
)
from functions.billing.domain.kpis.facts import (
    ClaimFacts,
    Dimension,
    Period,
    PostingFacts,
    Segments,
    VisitFacts,
)
from functions.billing.domain.kpis.measures import (
    DEFINITIONS,
    Kpi,
    KpiName,
    Tally,
    Target,
    TargetVerdict,
    judge_target,
    measure_claims,
    measure_postings,
    measure_visits,
    unmatched_by_cause,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
PERIOD = Period(START, START + timedelta(days=7))
INSIDE, BEFORE = START + timedelta(days=1), START - timedelta(days=1)
HERE = Segments(payer="payer:1", location="location:1", provider="p:1", service_line="imaging")
CLAIM = ClaimFacts(
    claim_id="claim:1",
    segments=HERE,
    charge_cents=10_000,
    encounter_closed_at=INSIDE,
    staged_at=INSIDE,
    submitted_at=INSIDE + timedelta(hours=1),
    accepted_at=INSIDE + timedelta(hours=2),
    first_remitted_at=INSIDE + timedelta(days=1),
)


def by_name(kpis: tuple[Kpi, ...]) -> dict[KpiName, Kpi]:
    return {one.name: one for one in kpis}


def value(name: KpiName, *claims: ClaimFacts) -> Fraction | None:
    return by_name(measure_claims(claims, PERIOD))[name].value


def test_every_name_has_a_definition_with_numerator_and_denominator() -> None:
    assert set(DEFINITIONS) == set(KpiName)
    assert all(one.numerator and one.denominator for one in DEFINITIONS.values())


def test_nothing_to_divide_by_is_none_and_not_zero() -> None:
    assert all(one.value is None for one in measure_claims((), PERIOD))
    assert Tally(0, 0).rounded() is None
    assert Tally(0, 5).rounded() == Decimal("0.0000")
    assert Tally(2, 3).rounded(2) == Decimal("0.67")


def test_a_clean_claim_is_accepted_untouched_and_never_rejected() -> None:
    claims = (
        CLAIM,
        replace(CLAIM, touches=1),
        replace(CLAIM, was_rejected=True),
        replace(CLAIM, accepted_at=None),
        replace(CLAIM, staged_at=BEFORE),
    )

    assert value(KpiName.CLEAN_CLAIM_RATE, *claims) == Fraction(1, 4)


def test_acceptance_counts_submitted_claims_only() -> None:
    claims = (
        CLAIM,
        replace(CLAIM, accepted_at=None),
        replace(CLAIM, submitted_at=None, accepted_at=None),
    )

    assert value(KpiName.ACCEPTANCE_RATE, *claims) == Fraction(1, 2)


DENIED = replace(
    CLAIM,
    is_first_pass_denied=True,
    first_pass_denied_cents=4_000,
    denied_by_bucket=(("coding", 1_000), ("eligibility", 3_000)),
    denied_at=INSIDE,
    denied_cents=4_000,
    recovered_cents=1_000,
)


def test_first_pass_denials_by_claims_by_dollars_and_by_bucket() -> None:
    claims = (CLAIM, DENIED, replace(DENIED, is_original=False), replace(CLAIM, charge_cents=0))

    kpis = by_name(measure_claims(claims, PERIOD))

    assert kpis[KpiName.FIRST_PASS_DENIAL_RATE].value == Fraction(1, 3)
    assert kpis[KpiName.FIRST_PASS_DENIAL_DOLLAR_RATE].value == Fraction(4_000, 20_000)
    assert kpis[KpiName.FIRST_PASS_DENIAL_RATE].by_segment[Dimension.DENIAL_BUCKET] == {
        "coding": Tally(1, 3),
        "eligibility": Tally(1, 3),
    }


def test_recovery_is_by_the_month_of_denial_and_not_of_payment() -> None:
    elsewhere = replace(DENIED, denied_at=BEFORE, recovered_cents=4_000)

    assert value(KpiName.DENIAL_RECOVERY_RATE, DENIED, elsewhere) == Fraction(1, 4)


def test_days_in_ar_holds_old_open_claims_against_the_windows_charges() -> None:
    old = replace(
        CLAIM, submitted_at=START - timedelta(days=200), outstanding_cents=5_000, charge_cents=9_000
    )
    recent = replace(CLAIM, outstanding_cents=1_000, charge_cents=90_000)

    assert value(KpiName.DAYS_IN_AR, old, recent) == Fraction(6_000 * 90, 90_000)


def test_times_are_averages_and_ends_in_the_wrong_order_are_left_out() -> None:
    slow = replace(CLAIM, submitted_at=INSIDE + timedelta(hours=3))
    impossible = replace(CLAIM, submitted_at=INSIDE - timedelta(hours=1))

    assert value(KpiName.CLOSE_TO_SUBMISSION, CLAIM, slow, impossible) == 7_200
    assert value(KpiName.TIME_TO_CASH, replace(CLAIM, first_paid_at=INSIDE)) == 0
    resolved = replace(DENIED, denial_resolved_at=INSIDE + timedelta(hours=2))
    assert value(KpiName.TIME_TO_RESOLUTION, resolved) == 7_200


def test_touches_touchless_and_edit_failures() -> None:
    closed = replace(CLAIM, closed_at=INSIDE)
    claims = (closed, replace(closed, touches=3, failed_edits=True), CLAIM)

    assert value(KpiName.TOUCHES_PER_CLAIM, *claims) == 1
    assert value(KpiName.TOUCHLESS_RATE, *claims) == Fraction(1, 2)
    assert value(KpiName.PRE_SUBMIT_FAILURE_RATE, *claims) == Fraction(1, 3)


@given(
    st.lists(
        st.builds(
            lambda payer, touches, accepted: replace(
                CLAIM,
                segments=replace(HERE, payer=payer),
                touches=touches,
                accepted_at=INSIDE if accepted else None,
            ),
            st.sampled_from(["payer:1", "payer:2", ""]),
            st.integers(0, 2),
            st.booleans(),
        )
    )
)
def test_the_segments_of_each_dimension_add_up_to_the_whole(claims: list[ClaimFacts]) -> None:
    for kpi in measure_claims(claims, PERIOD):
        for dimension in (Dimension.PAYER, Dimension.LOCATION, Dimension.DEPARTMENT):
            pooled = sum(kpi.by_segment[dimension].values(), Tally(0, 0))
            assert pooled == kpi.total


def test_auto_match_and_auto_post_are_different() -> None:
    matched = PostingFacts(
        occurrence="p|1|1",
        segments=HERE,
        received_at=INSIDE,
        posted_at=INSIDE + timedelta(minutes=2),
        is_matched=True,
    )
    by_person = replace(matched, is_posted_by_person=True)
    unmatched = replace(
        matched, is_matched=False, posted_at=None, unmatched_cause="several_claims_fit"
    )
    facts = (matched, by_person, unmatched, replace(unmatched, received_at=BEFORE))

    kpis = by_name(measure_postings(facts, PERIOD))

    assert kpis[KpiName.AUTO_MATCH_RATE].value == Fraction(2, 3)
    assert kpis[KpiName.AUTO_POST_RATE].value == Fraction(1, 3)
    assert kpis[KpiName.REMITTANCE_TO_POSTING].value == 120
    assert unmatched_by_cause(facts, PERIOD) == {"several_claims_fit": 1}


def test_leading_measures_of_visits() -> None:
    visit = VisitFacts(
        encounter_id="e:1",
        segments=HERE,
        scheduled_on=date(2026, 3, 2),
        service_on=date(2026, 3, 3),
        verified_on=date(2026, 3, 2),
        was_fresh_at_service=True,
        needs_authorization=True,
        had_authorization_at_scheduling=True,
    )
    facts = (
        visit,
        replace(visit, verified_on=None, was_fresh_at_service=False),
        replace(visit, needs_authorization=False, was_fresh_at_service=None),
        replace(visit, had_authorization_at_scheduling=False, service_on=date(2026, 3, 8)),
    )

    kpis = by_name(measure_visits(facts, PERIOD))

    assert kpis[KpiName.ELIGIBILITY_SAME_DAY_RATE].value == Fraction(3, 4)
    assert kpis[KpiName.ELIGIBILITY_FRESH_RATE].value == Fraction(1, 2)
    assert kpis[KpiName.AUTHORIZATION_AT_SCHEDULING_RATE].value == Fraction(2, 3)


def test_a_target_is_judged_in_the_direction_that_is_better_and_not_on_too_few() -> None:
    clean = by_name(measure_claims((CLAIM,) * 40, PERIOD))
    few = by_name(measure_claims((CLAIM,) * 3, PERIOD))
    rate, denials = KpiName.CLEAN_CLAIM_RATE, KpiName.FIRST_PASS_DENIAL_RATE

    assert judge_target(clean[rate], Target(name=rate, target=Fraction(95, 100))) == "met"
    assert judge_target(clean[denials], Target(name=denials, target=Fraction(5, 100))) == "met"
    rejected = by_name(measure_claims((replace(CLAIM, was_rejected=True),) * 40, PERIOD))[rate]
    assert judge_target(rejected, Target(name=rate, target=Fraction(1, 2))) is TargetVerdict.MISSED
    assert judge_target(few[rate], Target(name=rate, target=Fraction(1))) is TargetVerdict.TOO_FEW
    recovery = KpiName.DENIAL_RECOVERY_RATE
    assert (
        judge_target(clean[recovery], Target(name=recovery, target=Fraction(1)))
        is TargetVerdict.NOT_MEASURED
    )


def test_the_cost_formula_gives_the_published_design_figure() -> None:
    """Express per claim, batched files: the shape of the design's cheapest row, per claim."""
    counts = UsageCounts(
        transitions=930,
        express_requests=30,
        invocations=1_100,
        write_units=Decimal(15_000),
    )

    report = cost_of(counts, 1_000)

    assert report.by_service[Service.STEP_FUNCTIONS] == Decimal("0.023280")
    assert report.by_service[Service.DYNAMODB] == Decimal("0.009375")
    assert report.by_service[Service.LAMBDA] == Decimal("0.000220")
    assert report.usd_per_1000 == report.total_usd == Decimal("0.032875")


def test_every_item_has_a_price_and_its_share_in_the_total() -> None:
    ones = UsageCounts(**dict.fromkeys((item.value for item in CostItem), 1))  # type: ignore[arg-type]

    report = cost_of(ones, 10)

    assert set(US_EAST_1_2026.usd) == set(CostItem)
    assert report.total_usd == sum(US_EAST_1_2026.usd.values())
    assert sum(report.by_service.values()) == report.total_usd
    assert {one.item for one in report.items} == set(CostItem)


@given(st.integers(1, 10**6), st.integers(1, 1_000))
def test_cost_per_claim_scales_with_use_and_inversely_with_claims(uses: int, claims: int) -> None:
    one = cost_of(UsageCounts(events=uses), claims)
    double = cost_of(UsageCounts(events=uses * 2), claims * 2)

    assert double.total_usd == one.total_usd * 2
    assert one.usd_per_1000 is not None
    assert one.usd_per_1000 * claims == pytest.approx(one.total_usd * 1000)
    assert one.as_kpi().total == Tally(uses, claims * 1_000_000)


def test_no_claims_means_no_cost_per_claim_and_floats_are_refused() -> None:
    assert cost_of(UsageCounts(events=5), 0).usd_per_1000 is None
    assert cost_of(UsageCounts(events=5), 0).as_kpi().value is None
    with pytest.raises(MoneyError, match="usage_not_a_count"):
        UsageCounts(lambda_gb_seconds=0.5)  # type: ignore[arg-type]
    with pytest.raises(MoneyError, match="usage_not_a_count"):
        UsageCounts(events=-1)
