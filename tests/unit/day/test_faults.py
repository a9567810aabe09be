"""What a seed breaks on the built-in day: other things, never the story itself."""

from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from local.day import build_day
from local.day.faults import with_faults
from local.day.money import MONEY
from local.demo import DayChoice, chosen_day, money_without_faults
from local.errors import LocalCloudError
from local.run_report import Check, Money, RunReport

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


def test_faults_go_with_the_built_in_day_only(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match="built-in day only"):
        chosen_day(DayChoice(folder=tmp_path, faults=3))


def test_a_day_whose_money_is_known_is_played_once() -> None:
    played: list[DayChoice] = []

    money = money_without_faults(
        DayChoice(seed=7, faults=3), lambda choice: _report(choice, played)
    )

    assert money == Money(**MONEY[7])
    assert played == []


def test_any_other_day_is_first_played_without_faults_and_must_keep_that_money() -> None:
    played: list[DayChoice] = []

    money = money_without_faults(
        DayChoice(seed=8, faults=3), lambda choice: _report(choice, played)
    )

    assert money == Money(billed_cents=8)
    assert played == [DayChoice(seed=8)]


def test_a_day_without_faults_has_nothing_to_be_compared_with() -> None:
    assert money_without_faults(DayChoice(seed=8), lambda _: pytest.fail("played")) is None


def test_a_day_that_does_not_hold_by_itself_is_not_compared_with() -> None:
    with pytest.raises(LocalCloudError, match="even without faults"):
        money_without_faults(
            DayChoice(seed=8, faults=3), lambda choice: _report(choice, [], holds=False)
        )


def _report(choice: DayChoice, played: list[DayChoice], *, holds: bool = True) -> RunReport:
    """What playing a day would report."""
    played.append(choice)
    blank: dict[str, Any] = {
        one.name: None for one in fields(RunReport) if one.default is one.default_factory
    }
    checks = (Check(name="all", holds=holds, detail=""),)
    money = Money(billed_cents=choice.seed)
    return RunReport(**{**blank, "money": money, "checks": checks})
