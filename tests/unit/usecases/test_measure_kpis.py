"""KPIs are counted from what is stored, each as two exact sums."""

from typing import Any

from functions.billing.usecases.measure_kpis import MeasureKpis, measure_kpis
from tests.builders import encounter
from tests.unit.usecases.front_desk import FrontDesk
from tests.unit.usecases.payer_files import (
    Said,
    answered,
    front_door_file,
    remittance_file,
    reversed_answer,
)
from tests.unit.usecases.test_release_remittance import SHORT, Kept
from tests.unit.usecases.world import CLAIM, World, caused_by

SECOND = "CTESTCLAIM02"


def measure(world: World, cause_id: str = "due_1") -> dict[str, Any]:
    outcome = measure_kpis(
        MeasureKpis(),
        caused_by("reconciliation.due", cause_id),
        records=world.records,
        clock=world.clock,
    )
    kpis: dict[str, Any] = outcome["kpis"]
    return kpis


def two_claims() -> World:
    """One paid in full, one denied."""
    world = World()
    world.submitted()
    world.submitted(encounter(encounter_id="encounter-2"), claim_id=SECOND)
    for claim_id, number in (("CTESTCLAIM01", "I1"), (SECOND, "I2")):
        body = front_door_file(Said(f"{claim_id}01", "A2:20", number))
        world.acknowledge(body, f"{claim_id}.x12")
    world.pay(
        answered({"CO-45": 5_200}, pccn="I1"),
        answered({"CO-197": 15_000}, pcn=f"{SECOND}01", pccn="I2", status="4"),
    )
    return world


def test_nothing_measured_is_nothing_divided_by_nothing() -> None:
    assert set(map(tuple, measure(World()).values())) == {(0, 0)}


def test_a_day_with_one_paid_and_one_denied_claim_is_counted_to_the_cent() -> None:
    kpis = measure(two_claims())

    assert kpis["clean_claim_rate"] == [2, 2]
    assert kpis["first_pass_denial_rate"] == [1, 2]
    assert kpis["auto_post_rate"] == [2, 2]


def test_what_came_back_of_a_denial_is_counted_against_what_was_denied() -> None:
    world = two_claims()
    denied = answered({"CO-197": 15_000}, pcn=f"{SECOND}01", pccn="I2", status="4")
    paid = answered({"CO-45": 5_200}, pcn=f"{SECOND}01", pccn="I2")
    world.pay(reversed_answer(denied), paid, name="second.x12", trace="EFT2")

    assert measure(world)["denial_recovery_rate"] == [9_800, 15_000]


def test_a_rejected_claim_is_neither_clean_nor_accepted() -> None:
    world = World()
    world.submitted()
    world.acknowledge(front_door_file(Said("CTESTCLAIM0101", "A7:562:85")))

    kpis = measure(world)

    assert (kpis["clean_claim_rate"][0], kpis["acceptance_rate"][0]) == (0, 0)


def test_money_for_nobody_is_a_payment_not_matched() -> None:
    world = two_claims()
    world.pay(answered({}, pcn="NOTOURS", pccn="I9"), name="second.x12", trace="EFT2")

    assert measure(world)["auto_match_rate"] == [2, 3]


def test_a_snapshot_keeps_every_segment_and_a_second_run_keeps_the_first() -> None:
    world = two_claims()
    measure(world)
    before = world.snapshot()

    measure(world)

    assert world.snapshot() == before
    segments = {each["segment"] for each in world.only("KPI")["measures"]}
    assert {"BLUEPEAK", "office-1", "doctor-1", "primary_care", "family"} <= segments


def test_what_happened_at_this_very_moment_belongs_to_the_period() -> None:
    world = World()
    world.submitted()

    assert measure(world)["close_to_submission"] == [3 * 3600 + 3 * 24 * 3600, 1]


def test_what_is_older_than_the_period_is_not_counted() -> None:
    world = two_claims()
    world.clock.advance(days=45)

    assert measure(world)["first_pass_denial_rate"] == [0, 0]


def test_an_evening_visit_counts_on_the_day_of_its_own_clock() -> None:
    desk = FrontDesk()
    desk.book(start="2026-03-05T19:30:00-05:00")
    desk.clock.advance(days=3, hours=12)
    desk.check_in(start="2026-03-05T19:30:00-05:00")

    desk.clock.advance(hours=3)

    assert desk.clock.now().isoformat() == "2026-03-06T03:00:00+00:00"
    assert measure(desk)["eligibility_fresh_rate"] == [1, 1]


# What people had to post -----------------------------------------------------------------------

FULL = answered({"CO-45": 5_200})
LOST = answered({"CO-45": 5_200}, pcn="NOTOURS", pccn="ICN9")


def one_claim(mode: str = "automate") -> World:
    world = World()
    world.submitted()
    world.rule_sets.contents["automation"] = {
        "default": "automate",
        "settings": [{"step": "post_remittance", "payer_id": "BLUEPEAK", "mode": mode}],
    }
    return world


def rates(world: World) -> tuple[list[int], list[int]]:
    kpis = measure(world)
    return kpis["auto_match_rate"], kpis["auto_post_rate"]


def test_an_answer_nobody_could_place_is_neither_matched_nor_posted_by_itself() -> None:
    world = one_claim()
    world.pay(FULL, LOST)

    assert rates(world) == ([1, 2], [1, 2])


def test_an_answer_a_person_sees_first_is_matched_and_not_posted_by_itself() -> None:
    world = one_claim("observe")
    world.pay(FULL)

    assert rates(world) == ([1, 1], [0, 1])
    (aside,) = world.of_kind("ASIDE")
    world.assign(aside["ordinal"], CLAIM)
    assert rates(world) == ([1, 1], [0, 1])


def test_what_two_persons_released_was_not_posted_by_itself() -> None:
    kept = Kept()
    kept.pay(SHORT)
    assert rates(kept) == ([0, 1], [0, 1])

    kept.post_released(kept.release())

    assert rates(kept) == ([1, 1], [0, 1])


def test_a_test_file_holds_no_remitted_claims() -> None:
    world = one_claim()
    world.remit(remittance_file(FULL, usage="T"))

    assert rates(world) == ([0, 0], [0, 0])
