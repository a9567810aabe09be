"""What a seed breaks on the built-in day: other things, never the story itself."""

from datetime import date

import pytest

from local.day import build_day
from local.day.faults import with_faults
from local.demo import DayChoice, chosen_day
from local.errors import LocalCloudError

TODAY = date(2026, 3, 2)


def test_the_same_seed_breaks_the_same_things_and_another_others() -> None:
    day = build_day(7, TODAY)

    assert with_faults(day, 3) == with_faults(day, 3)
    assert with_faults(day, 3).world["script"] != with_faults(day, 4).world["script"]


def test_no_claim_whose_story_breaks_its_submission_is_broken_again() -> None:
    day = build_day(7, TODAY)

    faulty = with_faults(day, 3)

    added = faulty.world["script"][len(day.world["script"]) :]
    scripted = {one["match"].get("member_id") for one in day.world["script"] if "submission" in one}
    assert added
    assert not scripted & {one["match"]["member_id"] for one in added}
    assert "refused" not in {one["submission"][0]["kind"] for one in added}


def test_events_come_again_and_nothing_else_about_them_changes() -> None:
    day = build_day(7, TODAY)

    faulty = with_faults(day, 3)

    assert [event.id for event in faulty.events] == [event.id for event in day.events]
    assert sum(event.repeat for event in faulty.events) > sum(event.repeat for event in day.events)


def test_a_day_whose_money_nobody_knows_is_not_run_with_faults() -> None:
    with pytest.raises(LocalCloudError, match="not known"):
        chosen_day(DayChoice(seed=8, faults=3))
