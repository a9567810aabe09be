"""Every remittance on the clearinghouse's list gets here once, whatever became of its webhook or its drop."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.errors import ClearinghouseUnavailableError
from functions.billing.domain.intake.transactions import ListMark
from functions.billing.usecases.fetch_transactions import (
    FetchingPorts,
    FetchTransactions,
    fetch_transactions,
)
from tests.builders import CAUSE
from tests.fakes import NOON, Crash, ScriptedList
from tests.unit.usecases.payer_files import (
    Said,
    answered,
    front_door_file,
    remittance_file,
    syntax_file,
)
from tests.unit.usecases.world import PCN, World


class Listed(World):
    """A practice and what its clearinghouse lists."""

    def __init__(self) -> None:
        super().__init__()
        self.list = ScriptedList()

    def look(self) -> dict[str, object]:
        ports = FetchingPorts(
            records=self.records,
            intake=self.intake,
            transactions=self.list,
            clock=self.clock,
        )
        return fetch_transactions(FetchTransactions(), CAUSE, ports)

    def fetched(self) -> set[str]:
        return {key.rpartition("/")[2] for key in self.intake.dropped if "/clearinghouse/" in key}

    def mark(self) -> ListMark | None:
        return self.records.get(ListMark, ListMark.key_of())


@pytest.fixture
def world() -> Listed:
    return Listed()


def file(number: int) -> bytes:
    return remittance_file(answered({"CO-45": 5_200}), trace=f"EFT{number}")


def test_a_listed_file_that_is_not_here_is_fetched_once(world: Listed) -> None:
    world.list.add("T1", file(1))

    assert world.look()["fetched"] == 1
    assert world.intake.fetch("remittances/clearinghouse/T1.x12") == file(1)
    assert world.look()["fetched"] == 0
    assert world.list.opened == ["T1"]


def test_a_file_that_was_dropped_before_we_looked_is_not_fetched_again(world: Listed) -> None:
    world.receive(file(1), "as-the-clearinghouse-named-it.x12")
    world.list.add("T1", file(1))

    assert world.look() == {"outcome": "followed", "listed": 1, "fetched": 0, "arrived": 1}
    assert world.fetched() == set()
    assert world.only("LISTED")["landing"] == "arrived"


def test_a_listed_acknowledgement_is_fetched_once_and_moves_its_claim(world: Listed) -> None:
    world.submitted()
    world.list.add("T1", syntax_file("1"), transaction_set="999")
    world.list.add("T2", front_door_file(Said(PCN, "A2:20", "ICN1")), transaction_set="277")

    assert world.look()["fetched"] == 2
    for name in ("T1", "T2"):
        world.acknowledge(world.intake.fetch(f"acknowledgements/clearinghouse/{name}.x12"))
    assert world.claim().state is ClaimState.ACCEPTED
    assert world.look()["fetched"] == 0


def test_an_acknowledgement_that_was_dropped_before_we_looked_is_not_fetched_again(
    world: Listed,
) -> None:
    world.submitted()
    world.acknowledge(syntax_file("1"), "as-the-clearinghouse-named-it.x12")
    world.list.add("T1", syntax_file("1"), transaction_set="999")

    assert world.look() == {"outcome": "followed", "listed": 1, "fetched": 0, "arrived": 1}
    assert world.only("LISTED")["file_id"] == world.only("ACKFILE")["file_id"]


@pytest.mark.parametrize(
    ("transaction_set", "version"), [("837", "005010X222A1"), ("277", "005010X212"), ("271", "")]
)
def test_other_kinds_of_transaction_are_passed_over(
    world: Listed, transaction_set: str, version: str
) -> None:
    world.list.add("T1", b"ISA", transaction_set=transaction_set, version=version)

    assert world.look()["fetched"] == 0
    assert world.list.opened == []


def test_the_mark_moves_to_the_newest_entry_and_never_past_now(world: Listed) -> None:
    world.list.add("T1", file(1), at=NOON - timedelta(hours=5))
    world.look()
    assert world.mark() is not None
    assert world.mark().processed_at == NOON - timedelta(hours=5)  # type: ignore[union-attr]

    world.list.add("T2", file(2), at=NOON + timedelta(days=400))
    world.look()
    assert world.mark().processed_at == NOON  # type: ignore[union-attr]


def test_an_entry_that_is_listed_late_is_found_by_the_overlap(world: Listed) -> None:
    world.list.add("T1", file(1), at=NOON)
    world.look()
    world.list.add("T2", file(2), at=NOON - timedelta(minutes=30))

    assert world.look()["fetched"] == 1


def test_nothing_new_writes_nothing(world: Listed) -> None:
    world.list.add("T1", file(1))
    world.look()
    before = world.snapshot()

    world.look()

    assert world.snapshot() == before


def test_one_file_that_cannot_be_had_keeps_no_other_away_and_is_asked_for_again(
    world: Listed,
) -> None:
    world.list.add("T1", file(1))
    world.list.add("T2", file(2))
    world.list.add("T3", file(3))
    world.list.gone = {"T2"}

    with pytest.raises(ClearinghouseUnavailableError, match="1 of 3"):
        world.look()

    assert world.fetched() == {"T1.x12", "T3.x12"}
    assert world.mark() is None
    world.list.gone = set()
    assert world.look()["fetched"] == 1
    assert world.mark() is not None


def test_a_long_list_is_followed_over_several_runs(
    world: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.billing.usecases.fetch_transactions.FETCHED_PER_RUN_MAX", 2)
    for number in range(5):
        world.list.add(f"T{number}", file(number))

    outcomes = [world.look()["outcome"] for _ in range(3)]

    assert outcomes == ["more", "more", "followed"]
    assert len(world.fetched()) == 5


def test_a_strange_name_makes_no_path_of_its_own(world: Listed) -> None:
    world.list.add("../../ehr/x", file(1))

    world.look()

    (key,) = world.intake.dropped
    assert key.startswith("remittances/clearinghouse/T")
    assert ".." not in key


@settings(max_examples=40, deadline=None)
@given(
    dropped=st.sets(st.integers(0, 5)),
    hidden=st.sets(st.integers(0, 5)),
    crashes=st.lists(st.integers(1, 4), max_size=3),
)
def test_whatever_is_dropped_lost_or_crashes_every_listed_file_is_here_in_the_end(
    dropped: set[int], hidden: set[int], crashes: list[int]
) -> None:
    world = Listed()
    for number in range(6):
        if number in dropped:
            world.receive(file(number), f"drop-{number}.x12")
        world.list.add(f"T{number}", file(number))
    world.list.gone = {f"T{number}" for number in hidden}
    for crash in crashes:
        world.records.dies_at = crash
        try:
            world.look()
        except (Crash, ClearinghouseUnavailableError):
            world.records.dies_at = 0
    world.list.gone = set()

    world.look()

    here = {f"T{number}.x12" for number in range(6)} - {f"T{number}.x12" for number in dropped}
    assert world.fetched() == here
    assert {item["transaction_id"] for item in world.of_kind("LISTED")} == {
        f"T{number}" for number in range(6)
    }


def test_without_a_list_a_look_ends_at_once_and_says_why(world: Listed) -> None:
    ports = FetchingPorts(
        records=world.records, intake=world.intake, transactions=None, clock=world.clock
    )

    outcome = fetch_transactions(FetchTransactions(), CAUSE, ports)

    assert outcome["outcome"] == "no_list"
    assert "no connection" in str(outcome["why"])
    assert world.mark() is None
