"""Coverage has three values, answers go stale, and an outage is never a change."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.eligibility.coverage import (
    ChangeKind,
    MemberIdentity,
    coverage_changed,
    expires_at,
    match_quality,
    may_stand_for,
    standing,
)
from functions.billing.domain.eligibility.records import (
    Benefit,
    BenefitKind,
    BenefitPeriod,
    CoverageState,
    EligibilityResult,
    MatchQuality,
    MemberField,
    Network,
    OtherPayer,
)

SERVICE = date(2026, 3, 20)
CHECKED = datetime(2026, 3, 18, 9, tzinfo=UTC)
ACTIVE = EligibilityResult(
    coverage_id="coverage:1",
    payer_id="payer:1",
    checked_at=CHECKED,
    service_date=SERVICE,
    state=CoverageState.ACTIVE,
    match_quality=MatchQuality.EXACT,
    plan_name="Plan A",
    benefits=(
        Benefit(kind=BenefitKind.COPAY, amount_cents=2_500, network=Network.IN),
        Benefit(kind=BenefitKind.DEDUCTIBLE, period=BenefitPeriod.REMAINING, amount_cents=40_000),
    ),
)


ASKED = MemberIdentity(
    member_id="W 1234-567", family="O'Neill", given="Ana", birth_date=date(1980, 5, 1)
)


@pytest.mark.parametrize(
    ("returned", "quality", "corrected"),
    [
        (replace(ASKED, member_id="w1234567", family="ONEILL"), MatchQuality.EXACT, ()),
        (
            replace(ASKED, member_id="W9", given="Anna"),
            MatchQuality.PAYER_CORRECTED,
            (MemberField.MEMBER_ID, MemberField.GIVEN),
        ),
        (
            replace(ASKED, birth_date=date(1980, 1, 5)),
            MatchQuality.PAYER_CORRECTED,
            (MemberField.BIRTH_DATE,),
        ),
        (replace(ASKED, is_dependent=True), MatchQuality.DEPENDENT_MATCH, ()),
        (replace(ASKED, birth_date=None), MatchQuality.PARTIAL, ()),
        (MemberIdentity(), MatchQuality.NONE, ()),
        (None, MatchQuality.NONE, ()),
    ],
)
def test_match_quality_says_how_well_the_payer_found_whom_we_asked_for(
    returned: MemberIdentity | None, quality: MatchQuality, corrected: tuple[MemberField, ...]
) -> None:
    match = match_quality(ASKED, returned)

    assert (match.quality, match.corrected_fields) == (quality, corrected)


def test_match_qualities_are_ordered_and_identities_are_not_shown() -> None:
    assert sorted(MatchQuality, reverse=True) == [
        MatchQuality.EXACT,
        MatchQuality.PAYER_CORRECTED,
        MatchQuality.DEPENDENT_MATCH,
        MatchQuality.PARTIAL,
        MatchQuality.NONE,
    ]
    assert "O'Neill" not in repr(ASKED)
    assert "1234" not in repr(ASKED)


def fresh(result: EligibilityResult, now: datetime, service: date = SERVICE) -> bool:
    return may_stand_for(result, fresh_until=expires_at(result, 72), now=now, service_date=service)


def test_an_answer_is_fresh_until_its_hours_are_over() -> None:
    assert fresh(ACTIVE, CHECKED)
    assert fresh(ACTIVE, CHECKED + timedelta(hours=71))
    assert not fresh(ACTIVE, CHECKED + timedelta(hours=72))


def test_an_answer_never_outlives_the_month_of_its_service() -> None:
    late = replace(
        ACTIVE,
        checked_at=datetime(2026, 3, 31, 12, tzinfo=UTC),
        service_date=date(2026, 3, 31),
    )

    assert expires_at(late, 72) == datetime(2026, 4, 1, tzinfo=UTC)
    assert expires_at(replace(late, service_date=date(2026, 12, 31)), 10_000) == datetime(
        2027, 1, 1, tzinfo=UTC
    )
    assert not fresh(ACTIVE, CHECKED, service=date(2026, 4, 1))


@given(st.integers(0, 2_000), st.integers(1, 400))
def test_freshness_only_ever_ends(hours: int, ttl_hours: int) -> None:
    now = CHECKED + timedelta(hours=hours)
    later = now + timedelta(hours=1)

    def is_fresh(moment: datetime) -> bool:
        until = expires_at(ACTIVE, ttl_hours)
        return may_stand_for(ACTIVE, fresh_until=until, now=moment, service_date=SERVICE)

    assert is_fresh(now) or not is_fresh(later)
    assert is_fresh(now) == (now < expires_at(ACTIVE, ttl_hours))


def test_an_undetermined_ended_or_overtaken_answer_is_not_fresh() -> None:
    now = CHECKED + timedelta(hours=1)

    assert not fresh(replace(ACTIVE, state=CoverageState.UNDETERMINED), now)
    assert not fresh(replace(ACTIVE, plan_ends_on=date(2026, 3, 19)), now)
    assert fresh(replace(ACTIVE, state=CoverageState.INACTIVE), now)
    assert not may_stand_for(ACTIVE, fresh_until=None, now=now, service_date=SERVICE)


@pytest.mark.parametrize(
    ("answer", "unanswered_since", "word"),
    [
        (ACTIVE, None, "confirmed"),
        (replace(ACTIVE, checked_at=CHECKED - timedelta(days=5)), None, "stale"),
        (replace(ACTIVE, state=CoverageState.INACTIVE), None, "inactive"),
        (replace(ACTIVE, state=CoverageState.INACTIVE), CHECKED, "inactive"),
        (replace(ACTIVE, state=CoverageState.UNDETERMINED), None, "undetermined"),
        (ACTIVE, CHECKED, "unanswered"),
        (None, CHECKED, "unanswered"),
        (None, None, "never_checked"),
    ],
)
def test_what_is_known_of_a_coverage_is_put_into_one_word(
    answer: EligibilityResult | None, unanswered_since: datetime | None, word: str
) -> None:
    found = standing(answer, ttl_hours=72, service_date=SERVICE, unanswered_since=unanswered_since)

    assert found == word


def test_lost_coverage_is_a_change_that_needs_an_alert() -> None:
    lost = replace(ACTIVE, state=CoverageState.INACTIVE)

    changes = coverage_changed(ACTIVE, lost)

    assert [(one.kind, one.before, one.after) for one in changes] == [
        (ChangeKind.COVERAGE_STATE, "active", "inactive")
    ]
    assert changes[0].needs_alert


def test_an_outage_is_no_change_in_either_direction() -> None:
    outage = replace(ACTIVE, state=CoverageState.UNDETERMINED, benefits=())

    assert coverage_changed(ACTIVE, outage) == ()
    assert coverage_changed(outage, ACTIVE) == ()
    assert coverage_changed(ACTIVE, replace(ACTIVE, checked_at=CHECKED + timedelta(1))) == ()


def test_each_kind_of_change_is_named() -> None:
    after = replace(
        ACTIVE,
        plan_name="Plan B",
        plan_starts_on=date(2026, 3, 1),
        other_payers=(OtherPayer("other"),),
        authorization_required=True,
        corrected_fields=(MemberField.MEMBER_ID,),
        benefits=(Benefit(kind=BenefitKind.COPAY, amount_cents=4_000),),
    )

    kinds = {one.kind: one.needs_alert for one in coverage_changed(ACTIVE, after)}

    assert kinds == {
        ChangeKind.PLAN: True,
        ChangeKind.PLAN_DATES: True,
        ChangeKind.OTHER_PAYER: True,
        ChangeKind.AUTHORIZATION: True,
        ChangeKind.MEMBER_CORRECTED: True,
        ChangeKind.COPAY: True,
        ChangeKind.DEDUCTIBLE_REMAINING: False,
    }
