"""What the run states about eligibility would not hold if a recheck were forgotten or a desk told too late."""

from datetime import timedelta

from functions.billing.domain.keys import Key
from local.coverage_proofs import (
    forgotten_rechecks,
    lapses_in_words,
    lapses_told_too_late,
    outage_in_words,
)
from local.store import Store
from tests.builders import COVERAGE, staged_claim
from tests.unit.usecases.ehr_documents import COVERAGE as COVERAGE_ID
from tests.unit.usecases.front_desk import FrontDesk
from tests.unit.usecases.payer_files import benefits_file


def told(desk: FrontDesk) -> Store:
    return Store(tuple(desk.records.tables.tables["records"].values()))


def lapsed() -> FrontDesk:
    desk = FrontDesk()
    desk.book()
    desk.payer_says(benefits_file("6"))
    desk.clock.advance(hours=60)
    desk.recheck()
    return desk


def close_the_encounter(desk: FrontDesk, after: timedelta) -> None:
    """A claim of the coverage, made so long after the lapse was found."""
    claim = staged_claim(desk.records)
    key = (claim.key.partition, claim.key.sort)
    item = desk.records.tables.tables["records"][key]
    staged_at = (desk.clock.now() + after).isoformat().replace("+00:00", "Z")
    item |= {"staged_at": {"S": staged_at}, "coverage_id": {"S": COVERAGE_ID}}
    assert COVERAGE.coverage_id != COVERAGE_ID


def test_an_outage_that_ended_is_no_problem_and_said_in_words() -> None:
    desk = FrontDesk()
    desk.payer_says(None)
    desk.book()
    desk.payer_says(benefits_file())
    desk.clock.advance(minutes=5)
    desk.recheck()

    assert forgotten_rechecks(told(desk)) == []
    assert outage_in_words(told(desk)) == (
        "1 coverage not answered for; 1 asked again since, by itself"
    )


def test_a_coverage_that_waits_for_its_payer_is_not_forgotten_but_one_that_waits_for_nothing_is() -> (
    None
):
    desk = FrontDesk()
    desk.payer_says(None)
    desk.book()
    assert forgotten_rechecks(told(desk)) == []

    key = Key(f"COVERAGE#{COVERAGE_ID}", "COVERAGE")
    del desk.records.tables.tables["records"][key.partition, key.sort]["due_kind"]

    assert forgotten_rechecks(told(desk)) == [
        f"{COVERAGE_ID} was not answered for and is forgotten"
    ]


def test_a_lapse_both_desks_heard_of_before_the_encounter_closed_is_in_time() -> None:
    desk = lapsed()
    close_the_encounter(desk, after=timedelta(hours=1))

    assert lapses_told_too_late(told(desk)) == []
    assert lapses_in_words(told(desk)) == "1 lapse, found by recheck.due"


def test_a_lapse_told_after_the_encounter_closed_is_too_late() -> None:
    desk = lapsed()
    close_the_encounter(desk, after=timedelta(hours=-1))

    assert lapses_told_too_late(told(desk)) == [
        f"{COVERAGE_ID}: front_desk was not told before the encounter closed",
        f"{COVERAGE_ID}: billing was not told before the encounter closed",
    ]
