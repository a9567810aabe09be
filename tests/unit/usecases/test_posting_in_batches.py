"""However a payment is cut, in whatever order its batches run, and however often: the same postings."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.billing.domain.errors import StaleRecordError
from functions.billing.domain.ledger.balances import prove
from tests.builders import encounter
from tests.fakes import Crash
from tests.unit.usecases.payer_files import Answered, answered, remittance_file, reversed_answer
from tests.unit.usecases.world import World

CLAIMS = 4
CUT = "functions.billing.domain.remittance.batches.CLAIMS_PER_BATCH"
ANSWERS = 7
SETTINGS = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def answers() -> list[Answered]:
    """For each claim what payers do: pay, charge the patient, deny, take back and correct, or err."""
    found: list[Answered] = []
    for number in range(CLAIMS):
        named = {"pcn": f"CTESTCLAIM0{number}01", "pccn": f"ICN{number}"}
        paid = answered({"CO-45": 5_200}, **named)
        found += [
            (paid,),
            (answered({"CO-45": 5_200, "PR-3": 2_500}, **named),),
            (answered({"CO-197": 15_000}, **named),),
            (paid, reversed_answer(paid), answered({"CO-45": 6_000}, **named)),
        ][number]
    return [*found, answered({}, pcn="NOTOURS", pccn="ICN9")]


FILE = remittance_file(*answers())


def practice() -> World:
    world = World()
    for number in range(CLAIMS):
        world.submitted(
            encounter(encounter_id=f"encounter-{number}"), claim_id=f"CTESTCLAIM0{number}"
        )
    return world


def balances(world: World) -> dict[tuple[str, str], int]:
    """Every claim's balance in every account."""
    sums: Counter[tuple[str, str]] = Counter()
    for posting in world.postings():
        for entry in posting.entries:
            sums[entry.claim_id, entry.account] += entry.amount_cents
    return {key: cents for key, cents in sums.items() if cents}


def answered_once(world: World) -> list[str]:
    """The lines of answers that were booked, each by its own key; changes of mind left out."""
    return sorted(one.key for one in world.postings() if "|change|" not in one.key)


def booked(world: World) -> tuple[object, ...]:
    """All that posting leaves behind, but for when and in which pieces."""
    return (
        sorted((one.key, one.kind, one.entries) for one in world.postings()),
        sorted((one["claim_id"], one["state"]) for one in world.of_kind("CLAIM")),
        sorted(one["denial_id"] for one in world.of_kind("DENIAL")),
        sorted((one["reason"], one["about"]) for one in world.of_kind("WORK")),
    )


@pytest.fixture(scope="module")
def whole() -> World:
    """What the payment comes to in one piece, once, undisturbed."""
    world = practice()
    assert world.remit(FILE) == "posted"
    assert prove(world.postings()).holds
    return world


def run(world: World, batch: dict[str, Any], dies_at: int) -> None:
    """One child of the Map: it may die, and is then run again until it ends."""
    world.records.dies_at = dies_at
    for _ in range(3):
        try:
            world.post(batch)
        except (Crash, StaleRecordError):
            world.records.dies_at = 0
        else:
            world.records.dies_at = 0
            return
    raise AssertionError("a batch does not end")


REDELIVERIES = st.lists(st.integers(0, ANSWERS - 1), max_size=4)
DEATHS = st.lists(st.integers(0, 4), min_size=ANSWERS + 4, max_size=ANSWERS + 4)


def cut(world: World, size: int) -> dict[str, Any]:
    """The payment as read, in batches of so many claims."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CUT, size)
        return world.receive(FILE)


@SETTINGS
@given(size=st.integers(1, ANSWERS), again=REDELIVERIES, deaths=DEATHS)
def test_any_cut_any_redelivery_and_any_crash_leave_the_same_postings(
    whole: World, size: int, again: Sequence[int], deaths: Sequence[int]
) -> None:
    world = practice()
    reading = cut(world, size)
    batches = reading["batches"]
    runs = [*batches, *(batches[number % len(batches)] for number in again)]

    for batch, dies_at in zip(runs, deaths, strict=False):
        run(world, batch, dies_at)

    assert world.reconcile(reading["remittances"]) == "posted"
    assert booked(world) == booked(whole)
    assert sum(one["claims"] for one in world.of_kind("BATCH")) == ANSWERS


@SETTINGS
@given(size=st.integers(1, ANSWERS), order=st.randoms(use_true_random=False), again=REDELIVERIES)
def test_in_whatever_order_batches_run_each_answer_is_booked_once_and_balances_are_the_same(
    whole: World, size: int, order: Any, again: Sequence[int]
) -> None:
    world = practice()
    reading = cut(world, size)
    batches = reading["batches"]
    runs = [*batches, *(batches[number % len(batches)] for number in again)]
    order.shuffle(runs)

    for batch in runs:
        run(world, batch, 0)

    assert world.reconcile(reading["remittances"]) == "posted"
    assert prove(world.postings()).holds
    assert balances(world) == balances(whole)
    assert answered_once(world) == answered_once(whole)


def test_a_file_read_again_in_mid_posting_goes_on_without_posting_twice(whole: World) -> None:
    world = practice()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CUT, 2)
        first = world.receive(FILE)
        world.post(first["batches"][0])
        second = world.receive(FILE)

    assert second == first
    for batch in second["batches"]:
        world.post(batch)
    assert world.reconcile(second["remittances"]) == "posted"
    assert booked(world) == booked(whole)


# One number, nine times --------------------------------------------------------------------


def nine_answers() -> list[Answered]:
    """One check in which the payer answers nine times under one patient control number, as X12's example does."""
    return [
        answered(
            {"CO-45": 14_000 - 100 * number},
            pcn="7722337",
            pccn=f"119932404007801{number}",
            line_id="",
        )
        for number in range(9)
    ]


def test_a_number_that_stands_nine_times_in_one_check_posts_nine_times() -> None:
    world = World()
    body = remittance_file(*nine_answers())
    paid = sum(one.paid_cents for one in nine_answers())

    assert world.remit(body, "check.x12") == "posted"

    assert len({posting.key for posting in world.postings()}) == 9
    assert world.only("REMITTANCE")["posted_cents"] == paid
    assert world.only("BATCH")["claims"] == 9


def test_its_resend_posts_not_at_all_in_whatever_envelope() -> None:
    world = World()
    world.remit(remittance_file(*nine_answers()), "check.x12")
    postings = world.postings()

    assert world.remit(remittance_file(*nine_answers()), "check-again.x12") == "duplicate"
    assert world.remit(remittance_file(*nine_answers(), interchange=955), "re.x12") == "duplicate"
    assert world.postings() == postings
    assert [one["outcome"] for one in world.of_kind("ERAFILE")] == ["ready", *["duplicate"] * 2]


def test_nine_answers_about_one_claim_of_ours_are_one_answer_and_eight_to_look_at() -> None:
    """The first that pays counts; the others' cash is on the ledger, as credit that somebody looks at."""
    world = World()
    world.submitted()
    nine = [answered({"CO-45": 5_200}, pccn=f"ICN{number}") for number in range(9)]

    assert world.remit(remittance_file(*nine)) == "posted"

    assert world.balance().credit_cents == 8 * 9_800
    assert prove(world.postings()).holds
    assert world.open_work()["duplicate_payment"] == "finance"
