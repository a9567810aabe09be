"""The bank's own files bring the deposits: each once, to the payment of its trace."""

from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.balances import prove
from functions.billing.usecases.check_reconciliation import (
    CheckReconciliation,
    check_reconciliation,
)
from functions.billing.usecases.read_deposits import BankFilePorts, ReadDeposits, read_deposits
from tests.builders import CAUSE, encounter
from tests.fakes import Crash
from tests.unit.bank.bank_files import Credit, bai2, nacha
from tests.unit.usecases.payer_files import TRACE, answered
from tests.unit.usecases.world import World

PAID = answered({"CO-45": 5_200, "PR-3": 2_500})
SECOND = answered({"CO-45": 5_200}, pcn="CTESTCLAIM0201", pccn="ICN0002")


@pytest.fixture
def world() -> World:
    world = World()
    world.submitted()
    return world


def bank(world: World, text: str, name: str = "bank.txt") -> str:
    world.intake.drop(f"deposits/{name}", text.encode())
    ports = BankFilePorts(
        records=world.records, evidence=world.evidence, intake=world.intake, clock=world.clock
    )
    return str(read_deposits(ReadDeposits(file_key=f"deposits/{name}"), CAUSE, ports)["outcome"])


@pytest.mark.parametrize("write", [nacha, bai2])
def test_a_bank_file_clears_the_payment_it_names(
    world: World, write: Callable[[Sequence[Credit]], str]
) -> None:
    world.pay(PAID)

    assert bank(world, write((Credit(7_300, TRACE),))) == "read"

    assert world.only("DEPOSIT")["state"] == "matched"
    assert world.account(Account.REMITTANCE_CLEARING) == 0
    assert world.account(Account.CASH) == 7_300
    assert prove(world.postings()).holds


def test_the_same_deposit_in_two_files_is_one(world: World) -> None:
    world.pay(PAID)
    bank(world, nacha((Credit(7_300, TRACE),)))

    assert bank(world, nacha((Credit(7_300, TRACE),)), "again.txt") == "duplicate"
    assert bank(world, nacha((Credit(7_300, TRACE), Credit(1, "OTHER"))), "more.txt") == "read"

    assert world.account(Account.CASH) == 7_301


def test_an_interrupted_file_is_finished_by_the_next_run(world: World) -> None:
    world.pay(PAID)
    text = nacha((Credit(7_300, TRACE), Credit(50, "OTHER")))
    world.records.dies_at = 2
    with pytest.raises(Crash):
        bank(world, text)

    assert bank(world, text) == "read"
    assert world.account(Account.CASH) == 7_350
    assert len(world.of_kind("DEPOSIT")) == 2


def test_a_file_that_cannot_be_read_is_kept_with_the_place_and_the_rest_goes_on(
    world: World,
) -> None:
    assert bank(world, "not a bank's file") == "refused"

    file = world.only("BANKFILE")
    assert file["why"].startswith("record 1: expected")
    assert world.evidence.kept[file["evidence_key"]] == b"not a bank's file"
    assert world.open_work() == {"bank_file_unreadable": "finance"}


def test_one_deposit_pays_every_payment_of_its_trace() -> None:
    world = World()
    world.submitted()
    world.submitted(encounter(encounter_id="encounter-2"), claim_id="CTESTCLAIM02")
    world.pay(PAID)
    world.pay(SECOND, name="second.x12", interchange=901)

    assert bank(world, nacha((Credit(17_100, TRACE),))) == "read"

    deposit = world.only("DEPOSIT")
    assert (deposit["state"], len(deposit["also_for"])) == ("matched", 1)
    assert sorted(one["deposited_cents"] for one in world.of_kind("REMITTANCE")) == [7_300, 9_800]
    assert world.account(Account.REMITTANCE_CLEARING) == 0


def test_a_deposit_without_a_trace_is_proposed_and_matched_when_its_trace_is_told(
    world: World,
) -> None:
    world.pay(PAID)

    bank(world, nacha((Credit(7_300),)))

    (remittance,) = world.of_kind("REMITTANCE")
    deposit = world.only("DEPOSIT")
    assert (deposit["state"], deposit["proposed"]) == ("waiting", [remittance["remittance_id"]])
    assert world.open_work() == {"deposit_without_trace": "finance"}

    assert world.deposit(7_300, deposit_id=deposit["deposit_id"]) == "matched"
    assert world.open_work() == {}
    assert world.account(Account.CASH) == 7_300


def test_a_deposit_that_nothing_explains_ages_until_finance_is_told(world: World) -> None:
    bank(world, nacha((Credit(500, "NOBODY"),)))
    world.clock.advance(days=6)

    check_reconciliation(
        CheckReconciliation(),
        CAUSE,
        records=world.records,
        rule_sets=world.rule_sets,
        clock=world.clock,
    )

    assert world.open_work()["deposit_without_remittance"] == "finance"


# One deposit, told of by several --------------------------------------------------------------


@pytest.mark.parametrize("write", [nacha, bai2])
@pytest.mark.parametrize("is_paid_first", [True, False])
def test_what_a_file_and_an_event_both_tell_of_is_one_deposit(
    world: World, write: Callable[[Sequence[Credit]], str], *, is_paid_first: bool
) -> None:
    if is_paid_first:
        world.pay(PAID)
    bank(world, write((Credit(7_300, TRACE),)))

    assert world.deposit(7_300) == "told_again"

    assert world.account(Account.CASH) == 7_300
    assert len(world.only("DEPOSIT")["told_by"]) == 2


def test_an_event_told_again_by_a_file_is_seen_on_both(world: World) -> None:
    world.pay(PAID)
    world.deposit(7_300)

    bank(world, nacha((Credit(7_300, TRACE), Credit(40, "OTHER"))))

    file = world.only("BANKFILE")
    assert (file["deposits"], file["told_before"]) == (2, 1)
    assert world.account(Account.CASH) == 7_340


def test_two_equal_deposits_of_one_source_are_two(world: World) -> None:
    bank(world, nacha((Credit(7_300, TRACE), Credit(7_300, TRACE))))

    assert world.deposit(7_300, deposit_id="DEP1") == "told_again"
    assert world.deposit(7_300, deposit_id="DEP2") == "told_again"
    assert world.deposit(7_300, deposit_id="DEP3") == "waiting"

    assert world.account(Account.CASH) == 21_900


@settings(max_examples=60, deadline=None)
@given(
    tellings=st.lists(
        st.tuples(st.sampled_from(("event", "nacha", "bai2")), st.integers(1, 3)), max_size=14
    )
)
def test_there_are_as_many_deposits_as_the_source_that_tells_of_most(
    tellings: list[tuple[str, int]],
) -> None:
    world = World()

    for source, number in tellings:
        world.deposit(7_300, deposit_id=f"{source}-{number}", source=source)

    told = Counter(source for source, _ in set(tellings))
    assert len(world.of_kind("DEPOSIT")) == max(told.values(), default=0)
    assert world.account(Account.CASH) == 7_300 * len(world.of_kind("DEPOSIT"))
