"""What a finance person sees of a payment: each answer, where the cash went, and what can be done about what waits."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from functions.billing.domain.remittance import payments as records
from local.payments import days_of, payment_view, waiting_halves
from local.report.payments import payment, told_by_several
from local.store import Store
from tests.unit.usecases.payer_files import answered, remittance_file
from tests.unit.usecases.test_release_remittance import SHORT
from tests.unit.usecases.world import CLAIM, World

PAID = answered({"CO-45": 5_200, "PR-3": 2_500})


@pytest.fixture
def world() -> World:
    world = World()
    world.submitted()
    return world


def text_of(shown: RenderableType) -> str:
    console = Console(record=True, width=180, file=StringIO())
    console.print(shown)
    return console.export_text()


def store_of(world: World) -> Store:
    return Store(tuple(world.records.tables.tables["records"].values()))


def seen(world: World) -> str:
    store = store_of(world)
    (one,) = store.of(records.Remittance)
    return text_of(payment(payment_view(store, one)))


def test_a_posted_payment_is_seen_to_the_cent(world: World) -> None:
    world.pay(PAID)

    text = seen(world)

    assert "LINE-0001 99213" in text
    assert "CO-45 $52.00, PR-3 $25.00" in text
    assert "applied to claims" in text
    assert "deposit awaited · announced $73.00 · posted $73.00 · ledger $73.00" in text


def test_a_payment_kept_aside_says_why_and_where_to_go_on(world: World) -> None:
    world.pay(SHORT)

    text = seen(world)

    assert "because: unbalanced" in text
    assert "line CLP 1 SVC 1: $73.00 expected, $72.00 found" in text
    assert "Nothing of it is on the ledger. What can be done: billing remit progress" in text
    assert "Where the cash went" not in text


def test_a_test_is_told_from_what_does_not_balance(world: World) -> None:
    world.remit(remittance_file(PAID, usage="T"))

    assert "because: test indicator" in seen(world)
    work = world.only("WORK")
    assert work["recommended_action"].startswith("a test (ISA15 = T) is never posted")
    assert not work.get("fields")


def test_an_answer_set_aside_says_how_it_is_posted(world: World) -> None:
    world.pay(answered({"CO-45": 5_200}, pcn="NOTOURS", pccn="ICN9"))

    text = seen(world)

    assert f"only a weak match; may be {CLAIM}" in text
    assert "unapplied: waits for a person" in text
    assert "billing remit assign R" in text


def test_an_answer_that_moves_no_money_is_seen_too(world: World) -> None:
    world.pay(replace(answered({"OA-101": 15_000}), status="25"))

    assert "moves no money: a predetermination, or not our claim" in seen(world)


def test_a_deposit_told_of_twice_is_seen_as_one(world: World) -> None:
    world.deposit(7_300)
    world.deposit(7_300, deposit_id="0123", source="bai2")

    (deposit,) = store_of(world).of(records.Deposit)

    assert "told of by event DEP1 and bai2 0123: counted once." in text_of(told_by_several(deposit))


def test_a_payment_that_came_again_corrected_is_counted_once(world: World) -> None:
    world.pay(SHORT, name="broken.x12", payment_cents=7_300)
    world.pay(PAID, name="good.x12")

    store = store_of(world)
    (day,) = days_of(store)

    assert len(store.of(records.Remittance)) == 2
    assert [one.state.value for one in day.payments] == ["posted"]
    assert (day.agrees, day.sums.announced_cents) == (True, 7_300)
    assert len(waiting_halves(store, world.clock.now().date())) == 1
