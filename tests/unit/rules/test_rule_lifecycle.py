"""Every move of a version stands in one table; who wrote a version brings it nowhere near claims."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.errors import ForbiddenTransitionError, SegregationError
from functions.billing.domain.rule_versions.lifecycle import (
    ALLOWED,
    FORWARD,
    NEEDS_SECOND_PERSON,
    RuleVersion,
    VersionState,
)
from tests.fakes import NOON

STATES = st.sampled_from(VersionState)


def version(state: VersionState = VersionState.DRAFT) -> RuleVersion:
    return RuleVersion(
        name="scrub",
        content_version="sha256:" + "ab" * 32,
        authors=("ada", "ben"),
        drafted_at=NOON,
        state=state,
    )


@given(before=STATES, after=STATES, by=st.sampled_from(["ada", "ben", "cleo"]))
def test_a_move_happens_exactly_where_the_table_and_the_two_persons_allow_it(
    before: VersionState, after: VersionState, by: str
) -> None:
    allowed = after in ALLOWED[before]
    consented = (before, after) not in NEEDS_SECOND_PERSON or by == "cleo"
    if allowed and consented:
        assert version(before).moved(after, by=by).state is after
        return
    with pytest.raises(SegregationError if allowed else ForbiddenTransitionError):
        version(before).moved(after, by=by)


def test_the_way_forward_is_one_step_at_a_time() -> None:
    way = [VersionState.DRAFT]
    while way[-1] in FORWARD:
        way.append(FORWARD[way[-1]])

    assert [state.value for state in way] == ["draft", "review", "shadow", "canary", "active"]
    assert all(after in ALLOWED[before] for before, after in pairwise(way))


def test_every_state_can_be_left_and_all_lead_to_retirement() -> None:
    assert set(ALLOWED) == set(VersionState)
    assert all(
        VersionState.RETIRED in reachable
        for state, reachable in ALLOWED.items()
        if state is not VersionState.RETIRED
    )


def test_whoever_consents_is_remembered() -> None:
    moved = version(VersionState.REVIEW).moved(VersionState.SHADOW, by="cleo")

    assert moved.approved_by == ("cleo",)
    assert moved.moved(VersionState.RETIRED, by="ada").approved_by == ("cleo",)
