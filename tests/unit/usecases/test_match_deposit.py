"""Cash and remittance meet, whichever comes first, and the clearing account says what is still open."""

import pytest

from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.balances import prove
from functions.billing.usecases.check_reconciliation import (
    CheckReconciliation,
    check_reconciliation,
)
from tests.builders import CAUSE
from tests.fakes import Crash
from tests.unit.usecases.payer_files import answered
from tests.unit.usecases.world import World

PAID = answered({"CO-45": 5_200, "PR-3": 2_500})


@pytest.fixture
def world() -> World:
    world = World()
    world.submitted()
    return world


def check(world: World) -> None:
    check_reconciliation(
        CheckReconciliation(),
        CAUSE,
        records=world.records,
        rule_sets=world.rule_sets,
        clock=world.clock,
    )


def test_a_deposit_that_agrees_to_the_cent_clears_its_remittance(world: World) -> None:
    world.pay(PAID)

    assert world.deposit(7_300) == "matched"

    assert world.account(Account.CASH) == 7_300
    assert world.account(Account.REMITTANCE_CLEARING) == 0
    assert prove(world.postings()).holds
    remittance = world.only("REMITTANCE")
    (deposit,) = world.of_kind("DEPOSIT")
    assert (remittance["deposit_id"], remittance["deposited_cents"]) == (
        deposit["deposit_id"],
        7_300,
    )
    assert deposit["told_by"] == ["event:DEP1"]
    assert world.event("balance.reconciled") == {
        "reference": remittance["remittance_id"],
        "amount_cents": 7_300,
    }
    assert "due_kind" not in remittance


@pytest.mark.parametrize(("cents", "difference"), [(7_000, -300), (7_301, 1)])
def test_a_deposit_that_differs_is_booked_as_it_came_and_finance_asks(
    world: World, cents: int, difference: int
) -> None:
    world.pay(PAID)

    assert world.deposit(cents) == "differs"

    assert world.account(Account.CASH) == cents
    assert world.account(Account.REMITTANCE_CLEARING) == -difference
    assert world.only("DEPOSIT")["difference_cents"] == difference
    assert world.open_work() == {"deposit_differs_from_remittance": "finance"}
    assert world.records.events("balance.reconciled") == []


def test_a_deposit_that_came_first_waits_and_is_matched_once_the_file_is_there(
    world: World,
) -> None:
    assert world.deposit(7_300) == "waiting"
    assert world.account(Account.CASH) == 7_300
    world.pay(PAID)

    check(world)

    assert world.only("DEPOSIT")["state"] == "matched"
    assert world.account(Account.REMITTANCE_CLEARING) == 0
    assert world.account(Account.CASH) == 7_300


def test_a_deposit_reported_again_changes_nothing(world: World) -> None:
    world.pay(PAID)
    world.deposit(7_300)
    before = world.snapshot()

    assert world.deposit(7_300) == "matched"
    assert world.snapshot() == before


def test_a_waiting_deposit_reported_again_still_waits(world: World) -> None:
    world.deposit(7_300)
    before = world.snapshot()

    assert world.deposit(7_300) == "waiting"
    assert world.snapshot() == before


def test_a_trace_number_of_another_payer_is_another_payment(world: World) -> None:
    world.pay(PAID)

    assert world.deposit(7_300, payer="1999999999") == "waiting"
    assert "deposit_id" not in world.only("REMITTANCE")


def test_a_quarantined_payment_meets_no_deposit(world: World) -> None:
    world.pay(PAID, payment_cents=7_400)

    assert world.deposit(7_400) == "waiting"


def test_a_crash_before_the_deposit_is_stored_leaves_nothing_booked(world: World) -> None:
    world.pay(PAID)
    world.records.dies_before = "DEPOSIT"
    with pytest.raises(Crash):
        world.deposit(7_300)
    assert world.account(Account.CASH) == 0

    assert world.deposit(7_300) == "matched"
    assert world.account(Account.CASH) == 7_300
