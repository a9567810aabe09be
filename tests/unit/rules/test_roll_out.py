"""A cohort is stable and has its share; a rule set has one trial, and a way back."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.rule_versions.lifecycle import VersionState
from functions.billing.domain.rule_versions.roll_out import (
    Assignment,
    Bound,
    Cohort,
    Member,
    RollOut,
    Trial,
)
from tests.fakes import NOON

CLAIM_IDS = st.text("ABCDEFGHJKMNPQRSTVWXYZ0123456789", min_size=13, max_size=13)
SHARES = st.integers(1, 100)


def trial(version: str = "sha256:new", **changes: object) -> Trial:
    return replace(Trial(version=version, stage=VersionState.CANARY, since=NOON), **changes)  # type: ignore[arg-type]


@given(claim_id=CLAIM_IDS, share=SHARES, more=SHARES, salt=st.text(max_size=5))
def test_who_belongs_to_a_share_always_does_and_belongs_to_every_greater_one(
    claim_id: str, share: int, more: int, salt: str
) -> None:
    member = Member(claim_id=claim_id)
    first = Cohort(share_percent=share).covers(member, salt=salt)

    assert Cohort(share_percent=share).covers(member, salt=salt) is first
    if first and more >= share:
        assert Cohort(share_percent=more).covers(member, salt=salt)


@given(share=SHARES, start=st.integers(0, 10**6))
def test_a_share_is_that_share_of_the_claims(share: int, start: int) -> None:
    cohort = Cohort(share_percent=share)
    covered = sum(
        cohort.covers(Member(claim_id=f"C{start + number:012d}"), salt="sha256:new")
        for number in range(4_000)
    )

    # Five standard deviations of a binomial share: a wrong share fails, an honest hash does not.
    expected, deviation = 40 * share, (4_000 * share / 100 * (1 - share / 100)) ** 0.5
    assert abs(covered - expected) <= 5 * deviation + 1


def test_another_candidate_tries_other_claims() -> None:
    cohort = Cohort(share_percent=50)
    members = [Member(claim_id=f"C{number:012d}") for number in range(400)]
    one, other = (
        [cohort.covers(each, salt=salt) for each in members] for salt in ("sha256:a", "sha256:b")
    )

    assert 120 < sum(a == b for a, b in zip(one, other, strict=True)) < 280


def test_a_cohort_by_payer_and_place_takes_exactly_these() -> None:
    cohort = Cohort(payers=("BLUEPEAK",), locations=("office-1",))

    def covers(payer: str, place: str) -> bool:
        return cohort.covers(Member(claim_id="C1", payer_id=payer, location_id=place), salt="x")

    assert covers("BLUEPEAK", "office-1")
    assert not covers("BLUEPEAK", "office-2")
    assert not covers("CMSNORTH", "office-1")


@pytest.mark.parametrize("share", [0, 101, -1])
def test_a_share_that_is_none_is_refused(share: int) -> None:
    with pytest.raises(RuleSetError, match="cohort_malformed"):
        Cohort(share_percent=share)


@pytest.mark.parametrize(
    "changes", [{"claims_min": 0}, {"fail_points": 101}, {"denial_points": -1}]
)
def test_a_bound_that_binds_nothing_is_refused(changes: dict[str, int]) -> None:
    with pytest.raises(RuleSetError, match="bound_malformed"):
        Bound(**changes)


def test_a_shadow_judges_nobody_and_a_canary_its_cohort() -> None:
    member = Member(claim_id="C1")

    assert Assignment("old", trial()).version_for(member) == "sha256:new"
    assert Assignment("old", trial(stage=VersionState.SHADOW)).version_for(member) == "old"
    assert Assignment("old").version_for(member) == "old"


def test_a_second_version_on_trial_is_refused() -> None:
    standing = RollOut(name="scrub", active="old").trying(trial("first"))

    with pytest.raises(RuleSetError, match="another_version_on_trial"):
        standing.trying(trial("second"))
    assert standing.trying(trial("first", cohort=Cohort(share_percent=5))).trial is not None


def test_what_a_canary_judged_is_recalled_and_what_a_shadow_judged_is_not() -> None:
    standing = RollOut(name="scrub", active="old")

    ended = standing.trying(trial()).without_trial(at=NOON)
    shadowed = standing.trying(trial(stage=VersionState.SHADOW)).without_trial(at=NOON)

    assert [one.version for one in ended.recalled] == ["sha256:new"]
    assert shadowed.recalled == ()
    assert ended.assignment == shadowed.assignment == Assignment("old")


@given(versions=st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8, unique=True))
def test_roll_backs_lead_through_the_active_versions_in_reverse(versions: list[str]) -> None:
    standing = RollOut(name="scrub")
    for version in versions:
        standing = standing.activated(version)

    for version in reversed(versions[:-1]):
        left = standing.active
        standing = standing.taken_back(at=NOON)
        assert standing.active == version
        assert standing.recalled[-1].version == left
    with pytest.raises(RuleSetError, match="no_earlier_version"):
        standing.taken_back(at=NOON)
