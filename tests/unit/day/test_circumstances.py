"""The built-in day under other circumstances: its story stays the same."""

import re
from datetime import date
from pathlib import Path

import pytest

from local.day import Day, build_day
from local.day.circumstances import in_files, with_faults
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


def test_a_folders_money_is_not_known_and_so_not_kept(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match="not known"):
        chosen_day(DayChoice(folder=tmp_path, faults=3))


@pytest.mark.parametrize("seed", [8, 21, 12_345])
def test_every_seed_tells_the_same_story_of_other_people(seed: int) -> None:
    """Else the day's money, which is written down once, would not be every seed's."""
    assert told(build_day(seed, TODAY)) == told(build_day(7, TODAY))


def told(day: Day) -> dict[str, list[bytes]]:
    """Every code and amount of every document; which of the two practitioners it names is the seed's."""
    return {
        key.replace(f"-{day.seed}-", "-"): [
            said for said in _SAID.findall(body) if said not in _PRACTITIONERS
        ]
        for key, body in day.documents.items()
    }


_SAID = re.compile(rb'"(?:value|code)":"?([\w.\-]+)')
_PRACTITIONERS = {b"P-AMES", b"P-BRANDT"}


def test_where_claims_go_together_none_is_in_doubt_by_itself_and_all_end_as_before() -> None:
    day = build_day(7, TODAY)

    together = in_files(day)

    doubted = "claim.submission.unknown"
    assert any(doubted in one.events for one in day.expectations.values())
    assert not any(doubted in one.events for one in together.expectations.values())
    for subject, expected in day.expectations.items():
        assert together.expectations[subject].claim_states == expected.claim_states
        assert together.expectations[subject].adjudication == expected.adjudication
