"""What two versions say of the same claims is summed up exactly, and a bound is crossed where it says."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.rule_versions.comparison import (
    Change,
    Comparison,
    Finding,
    Measure,
    Moved,
    Observation,
    Share,
    Standing,
    difference,
    standing,
)
from functions.billing.domain.rule_versions.lifecycle import VersionState
from functions.billing.domain.rule_versions.roll_out import Bound, Trial
from tests.fakes import NOON

PASSES, FAILS = Finding(held=False), Finding(held=True, reasons=("units_too_many",))
COUNTS = st.integers(0, 500)


def comparison(active: Finding | None, candidate: Finding | None, claim: str = "C1") -> Comparison:
    return Comparison(
        claim_id=claim, payer_id="BLUEPEAK", charge_cents=12_500, active=active, candidate=candidate
    )


def observation(
    claim: str,
    active: Finding | None,
    candidate: Finding | None,
    *,
    in_cohort: bool = True,
    minutes: int = 0,
) -> Observation:
    return Observation(
        claim_id=claim,
        payer_id="BLUEPEAK",
        charge_cents=12_500,
        active=active,
        candidate=candidate,
        name="scrub",
        trial_version="sha256:new",
        judging="001",
        at=NOON + timedelta(minutes=minutes),
        in_cohort=in_cohort,
    )


@pytest.mark.parametrize(
    ("active", "candidate", "change"),
    [
        (PASSES, FAILS, Change.HELD),
        (FAILS, PASSES, Change.RELEASED),
        (FAILS, Finding(held=True, reasons=("other",)), Change.REASONS),
        (FAILS, FAILS, Change.NONE),
        (None, FAILS, Change.NONE),
    ],
)
def test_a_change_has_one_name(
    active: Finding | None, candidate: Finding | None, change: Change
) -> None:
    assert comparison(active, candidate).change is change


def test_a_difference_tells_claims_and_dollars_by_reason_and_payer() -> None:
    told = difference([comparison(PASSES, FAILS), comparison(FAILS, FAILS, "C2")])

    assert told.claims == 2
    assert told.changes == {Change.HELD: Moved(1, 12_500), Change.NONE: Moved(1, 12_500)}
    assert told.by_reason == {("units_too_many", Change.HELD): Moved(1, 12_500)}
    assert told.by_payer == {("BLUEPEAK", Change.HELD): Moved(1, 12_500)}
    assert (told.active, told.candidate) == (Share(count=1, of=2), Share(count=2, of=2))


@given(
    one=COUNTS,
    of=st.integers(1, 500),
    other=COUNTS,
    other_of=st.integers(1, 500),
    points=st.integers(0, 100),
)
def test_a_share_exceeds_another_by_exact_points(
    one: int, of: int, other: int, other_of: int, points: int
) -> None:
    exceeds = Share(count=one, of=of).exceeds(Share(count=other, of=other_of), points=points)

    assert exceeds == (100 * one * other_of - 100 * other * of > points * of * other_of)
    assert not Share(count=one, of=of).exceeds(Share(count=one, of=of), points=points)


def bounded(**bound: int) -> Trial:
    return Trial(version="sha256:new", stage=VersionState.CANARY, since=NOON, bound=Bound(**bound))


def test_nothing_is_concluded_from_too_few_claims() -> None:
    awful = Standing(fails=Share(count=9, of=9), active_fails=Share(count=0, of=9))

    assert awful.breach(bounded(claims_min=10)) is None
    assert awful.breach(bounded(claims_min=9)) is not None


def test_the_bound_itself_is_not_beyond_it() -> None:
    def breach(candidate: int) -> object:
        shown = Standing(fails=Share(count=candidate, of=100), active_fails=Share(count=20, of=100))
        return shown.breach(bounded(claims_min=10, fail_points=10))

    assert breach(30) is None
    assert breach(31) is not None


def test_denials_have_a_bound_of_their_own() -> None:
    shown = Standing(
        fails=Share(count=0, of=50),
        active_fails=Share(count=0, of=50),
        denials=Share(count=10, of=40),
        active_denials=Share(count=4, of=40),
    )

    breach = shown.breach(bounded(claims_min=10, denial_points=5))
    assert breach is not None
    assert breach.measure is Measure.DENIAL_RATE


def test_both_versions_are_counted_on_the_same_claims_where_both_judged() -> None:
    seen = [
        observation("C1", PASSES, FAILS),
        observation("C2", FAILS, FAILS),
        observation("C3", FAILS, FAILS, in_cohort=False),
    ]

    canary = standing(seen, {}, with_effect=True)
    shadow = standing(seen, {}, with_effect=False)

    assert (canary.fails, canary.active_fails) == (Share(count=2, of=2), Share(count=1, of=2))
    assert (shadow.fails, shadow.active_fails) == (Share(count=3, of=3), Share(count=2, of=3))


def test_without_a_twin_the_cohort_is_held_against_all_other_claims() -> None:
    seen = [
        observation("C1", None, FAILS),
        observation("C2", None, PASSES),
        observation("C3", PASSES, None, in_cohort=False),
    ]

    shown = standing(seen, {}, with_effect=True)
    assert (shown.fails, shown.active_fails) == (Share(count=1, of=2), Share(count=0, of=1))


def test_denials_are_counted_of_answered_claims_by_cohort() -> None:
    seen = [
        observation("C1", PASSES, PASSES),
        observation("C2", PASSES, PASSES),
        observation("C3", PASSES, PASSES, in_cohort=False),
    ]

    shown = standing(seen, {"C1": True, "C3": False}, with_effect=True)
    assert (shown.denials, shown.active_denials) == (Share(count=1, of=1), Share(count=0, of=1))


def test_of_a_claim_judged_twice_the_newest_counts() -> None:
    seen = [
        observation("C1", FAILS, FAILS, minutes=0),
        observation("C1", PASSES, PASSES, minutes=5),
    ]

    assert standing(seen, {}, with_effect=True).fails == Share(count=0, of=1)
