"""While a clearinghouse answers nobody claims wait in line; afterwards they go, each once, a few at a time."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import Actor, Commit
from functions.billing.domain.outages.circuit import Circuit, CircuitState
from functions.billing.usecases.check_reconciliation import (
    CheckReconciliation,
    check_reconciliation,
)
from functions.billing.usecases.release_held import ReleaseHeld, release_held
from functions.billing.usecases.resolve_submission import ResolveSubmission, resolve_submission
from functions.billing.usecases.submit_claim import SubmitClaim, submit_claim
from tests.builders import CAUSE, encounter, released_claim, store
from tests.unit.usecases.world import World, caused_by

DEPENDENCY = "clearinghouse:scripted"
CLAIMS = 20


class Outage(World):
    """A practice whose clearinghouse takes nothing and says nothing, until it is `back`."""

    def __init__(self) -> None:
        super().__init__()
        self.clearinghouse.faults = ["down"] * 1_000
        self.names = [f"CCLAIM{number:06d}" for number in range(CLAIMS)]
        self.minutes = 0
        for number, name in enumerate(self.names):
            visit = encounter(
                charges=tuple(
                    replace(line, charge_cents=15_000 + number) for line in encounter().charges
                )
            )
            claim = released_claim(self.records, visit, claim_id=name)
            # The later ones must be filed earlier.
            store(self.records, replace(claim, file_by=date(2026, 8, 31) - timedelta(days=number)))

    def send(self, name: str) -> str:
        return str(submit_claim(SubmitClaim(claim_id=name), CAUSE, self.sending)["outcome"])

    def back(self) -> None:
        self.clearinghouse.faults = []

    def minute(self) -> list[str]:
        """A minute passes by the clock; what is let go is sent."""
        self.minutes += 1
        self.clock.advance(minutes=1, seconds=30)
        before = len(self.records.events("claim.released"))
        release_held(
            ReleaseHeld(),
            caused_by("outage.due", f"due_{self.minutes}"),
            records=self.records,
            clock=self.clock,
        )
        let_go = [
            event["data"]["claim_id"] for event in self.records.events("claim.released")[before:]
        ]
        for name in let_go:
            self.send(name)
        return let_go

    @property
    def circuit(self) -> Circuit:
        found = self.records.get(Circuit, Circuit.key_of(DEPENDENCY))
        assert found is not None
        return found


@pytest.fixture
def world() -> Outage:
    return Outage()


def test_after_five_silences_nothing_more_is_sent_and_claims_are_held(world: Outage) -> None:
    outcomes = [world.send(name) for name in world.names]

    assert outcomes == ["unknown"] * 5 + ["held"] * (CLAIMS - 5)
    assert world.circuit.state is CircuitState.OPEN
    assert world.claim(world.names[7]).state is ClaimState.VALIDATED
    assert len(world.of_kind("ATTEMPT")) == 5
    assert world.event("dependency.unavailable")["dependency"] == DEPENDENCY


def test_a_held_claim_delivered_again_changes_nothing(world: Outage) -> None:
    for name in world.names:
        world.send(name)
    before = world.snapshot()

    assert world.send(world.names[7]) == "held"
    assert world.snapshot() == before


def test_a_lost_answer_is_not_asked_after_while_nobody_answers(world: Outage) -> None:
    for name in world.names[:6]:
        world.send(name)
    # The settle time is shorter than the circuit's first pause.
    world.clock.advance(seconds=91)
    circuit = world.circuit
    world.records.commit(_paused(circuit, world))

    outcome = resolve_submission(ResolveSubmission(claim_id=world.names[0]), CAUSE, world.sending)
    assert outcome["outcome"] == "held"
    assert world.claim(world.names[0]).state is ClaimState.SUBMITTING


def _paused(circuit: Circuit, world: Outage) -> Commit:
    return Commit(
        step="test",
        cause=CAUSE,
        actor=Actor("test"),
        at=world.clock.now(),
        root=replace(circuit, due_at=world.clock.now() + timedelta(minutes=15)),
        decision="given",
    )


def test_one_claim_probes_while_it_lasts(world: Outage) -> None:
    for name in world.names:
        world.send(name)

    assert len(world.minute()) == 1
    assert world.circuit.state is CircuitState.OPEN
    assert world.circuit.probes == 1


def test_the_line_drains_in_growing_rounds_the_most_urgent_first_each_once(world: Outage) -> None:
    for name in world.names:
        world.send(name)
    world.back()

    rounds: list[list[str]] = []
    while len(rounds) < 8:
        rounds.append(world.minute())

    sizes = [len(one) for one in rounds if one]
    assert sizes == [1, 5, 9]
    assert rounds[0] == [world.names[-1]]
    assert world.circuit.state is CircuitState.CLOSED
    held = world.names[5:]
    assert [world.claim(name).state for name in held] == [ClaimState.SUBMITTED] * len(held)
    assert len(world.clearinghouse.received) == len(held)
    world.clock.advance(hours=1)
    for name in world.names[:5]:
        resolve_submission(ResolveSubmission(claim_id=name), CAUSE, world.sending)
    keys = [key for key, _ in world.clearinghouse.received]
    assert len(keys) == len(set(keys)) == CLAIMS


def test_an_outage_that_outlasts_the_filing_limit_forces_a_decision(world: Outage) -> None:
    for name in world.names:
        world.send(name)
    urgent = world.claim(world.names[-1])
    assert urgent.file_by is not None
    world.clock.advance(days=(urgent.file_by - world.clock.now().date()).days - 1)

    check_reconciliation(
        CheckReconciliation(),
        caused_by("reconciliation.due"),
        records=world.records,
        rule_sets=world.rule_sets,
        clock=world.clock,
    )

    forced = [one for one in world.of_kind("WORK") if one["reason"].startswith("timely_filing")]
    assert forced
    assert world.claim(world.names[-1]).due_kind == f"HELD#{DEPENDENCY}"


def test_a_refusal_is_an_answer_and_no_outage(world: Outage) -> None:
    world.back()
    world.clearinghouse.refusal = "INVALID_X12"

    assert {world.send(name) for name in world.names} == {"rejected"}
    assert world.records.get(Circuit, Circuit.key_of(DEPENDENCY)) is None
