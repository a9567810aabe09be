"""Many functions share one circuit: what one of them found out holds for all, and one of them probes."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from functions.billing.domain.commit import Actor, Commit
from functions.billing.domain.keys import Key
from functions.billing.domain.outages.circuit import (
    Circuit,
    CircuitPolicy,
    CircuitState,
    Permit,
    held_kind,
)
from functions.billing.domain.outages.drain import DrainPolicy
from functions.billing.usecases.outages import Breaker, LetGo, released
from tests.builders import CAUSE
from tests.fakes import NOON, InMemoryRecords, InterruptedRecords, SettableClock

DEPENDENCY = "eligibility:BLUEPEAK"
POLICY = CircuitPolicy()
RATE = DrainPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Something that waits for a dependency."""

    kind: ClassVar[str] = "ERRAND"
    name: str
    due_kind: str = ""
    due_at: datetime | None = None
    version: int = 0
    audit_head: str = ""

    @property
    def key(self) -> Key:
        return Key(f"ERRAND#{self.name}", "ERRAND")

    @property
    def subject(self) -> str:
        return f"errand:{self.name}"


class House:
    """Functions that share nothing but their records."""

    def __init__(self) -> None:
        self.records = InMemoryRecords()
        self.clock = SettableClock()

    def breaker(self) -> Breaker:
        """As one function has it."""
        return Breaker(
            dependency=DEPENDENCY,
            step="some_step",
            cause=CAUSE,
            records=self.records,
            clock=self.clock,
        )

    def fail(self, times: int = POLICY.failures_to_open) -> None:
        for _ in range(times):
            self.breaker().failed("HTTP 503")

    @property
    def circuit(self) -> Circuit:
        found = self.records.get(Circuit, Circuit.key_of(DEPENDENCY))
        assert found is not None
        return found

    def wait_for_the_probe(self) -> None:
        assert self.circuit.due_at is not None
        self.clock.at = self.circuit.due_at

    def recover(self) -> None:
        self.wait_for_the_probe()
        self.breaker().admit()
        self.breaker().succeeded()

    def hold(self, *names: str) -> None:
        for position, name in enumerate(names):
            due_at = NOON + timedelta(days=1, minutes=-position)
            self.store(Errand(name=name, due_kind=held_kind(DEPENDENCY), due_at=due_at))

    def store(self, errand: Errand) -> None:
        self.records.commit(
            Commit(
                step="hold",
                cause=CAUSE,
                actor=Actor("hold"),
                at=self.clock.now(),
                root=errand,
                decision="held",
            )
        )

    def sweep(self) -> list[LetGo[Errand]]:
        return list(
            released(
                Errand,
                "eligibility",
                step="sweep",
                cause=CAUSE,
                records=self.records,
                clock=self.clock,
            )
        )


def test_a_healthy_dependency_leaves_no_trace() -> None:
    house = House()

    assert house.breaker().admit().permit is Permit.GO
    house.breaker().succeeded()

    assert house.records.of_kind("CIRCUIT") == []


def test_what_one_function_found_out_holds_for_the_others_and_is_told_once() -> None:
    house = House()
    house.fail(5)

    assert house.breaker().admit().is_refused
    (event,) = house.records.events("dependency.unavailable")
    assert event["data"]["dependency"] == DEPENDENCY


def test_of_two_functions_that_see_the_pause_over_one_probes() -> None:
    house = House()
    house.fail()
    house.wait_for_the_probe()
    first, second = house.breaker(), house.breaker()

    slow = InterruptedRecords(house.records, first.admit)

    assert replace(second, records=slow).admit().is_refused
    assert first.admit().is_refused, "the first holds the probe"


def test_a_rival_that_counts_a_failure_meanwhile_does_not_swallow_ours() -> None:
    house = House()
    house.fail(1)
    slow = InterruptedRecords(house.records, lambda: house.fail(1))

    replace(house.breaker(), records=slow).failed("HTTP 503")

    assert house.circuit.state is CircuitState.OPEN


def test_recovery_is_told_with_how_long_it_lasted() -> None:
    house = House()
    house.fail()
    house.recover()

    assert house.circuit.state is CircuitState.CLOSED
    (event,) = house.records.events("dependency.recovered")
    assert event["data"]["seconds"] >= POLICY.pause.total_seconds()


def test_during_an_outage_the_most_urgent_held_thing_probes_and_the_rest_wait() -> None:
    house = House()
    house.fail()
    house.hold("later", "sooner")

    assert house.sweep() == []
    house.wait_for_the_probe()
    assert [each.held.name for each in house.sweep()] == ["sooner"]


def test_after_recovery_everything_held_goes_in_growing_rounds() -> None:
    house = House()
    house.fail()
    house.hold(*(f"e{number:02d}" for number in range(30)))
    house.recover()

    sizes, gone = [], set()
    for _ in range(4):
        let_go = house.sweep()
        sizes.append(len(let_go))
        for each in let_go:
            gone.add(each.held.name)
            house.store(replace(each.held, due_kind=""))
        assert house.sweep() == [], "the next round keeps its distance"
        house.clock.at += RATE.between

    assert sizes == [5, 10, 15, 0]
    assert len(gone) == 30


def test_what_is_let_go_and_not_taken_up_is_let_go_again() -> None:
    house = House()
    house.fail()
    house.hold("one")
    house.recover()

    assert [each.held.name for each in house.sweep()] == ["one"]
    house.clock.at += RATE.between
    assert [each.held.name for each in house.sweep()] == ["one"]


def test_something_held_just_after_recovery_is_not_forgotten() -> None:
    house = House()
    house.fail()
    house.recover()
    assert house.sweep() == []

    house.hold("refused before, stored after")
    house.clock.at += RATE.between

    assert [each.held.name for each in house.sweep()] == ["refused before, stored after"]


def test_a_circuit_that_has_drained_is_watched_no_more() -> None:
    house = House()
    house.fail()
    house.recover()
    house.clock.at += RATE.linger

    house.sweep()

    assert house.circuit.due_kind == ""
