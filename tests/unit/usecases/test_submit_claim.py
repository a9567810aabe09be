"""A claim is sent once, and its fate is always known."""

from collections.abc import Callable

import pytest

from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.balances import balances
from functions.billing.usecases.postings import postings_of
from functions.billing.usecases.resolve_submission import ResolveSubmission, resolve_submission
from functions.billing.usecases.sending import SendingPorts
from functions.billing.usecases.submit_claim import SubmitClaim, submit_claim
from functions.billing.x12 import ProfessionalClaims, Transaction
from functions.billing.x12 import read as read_x12
from tests.builders import CAUSE, read, released_claim, rule_set_contents
from tests.fakes import (
    CountingControlNumbers,
    FixedRuleSets,
    InMemoryEvidence,
    InMemoryRecords,
    NamedConnections,
    ScriptedClearinghouse,
    SettableClock,
)

CLAIM = "CTESTCLAIM01"


class World:
    """Everything a submission meets."""

    def __init__(self, **connector: object) -> None:
        self.clock = SettableClock()
        self.records = InMemoryRecords()
        self.clearinghouse = ScriptedClearinghouse(self.clock, **connector)
        self.ports = SendingPorts(
            records=self.records,
            evidence=InMemoryEvidence(),
            connections=NamedConnections(self.clearinghouse),
            control_numbers=CountingControlNumbers(),
            rule_sets=FixedRuleSets(rule_set_contents()),
            clock=self.clock,
        )
        released_claim(self.records)

    def submit(self) -> str:
        return str(submit_claim(SubmitClaim(claim_id=CLAIM), CAUSE, self.ports)["outcome"])

    def resolve(self) -> str:
        return str(
            resolve_submission(ResolveSubmission(claim_id=CLAIM), CAUSE, self.ports)["outcome"]
        )

    @property
    def state(self) -> ClaimState:
        return read(self.records, CLAIM).state


@pytest.fixture
def world() -> World:
    return World()


def test_a_released_claim_is_sent_and_its_charge_stands_on_the_ledger(world: World) -> None:
    assert world.submit() == "submitted"

    assert world.state is ClaimState.SUBMITTED
    held = balances(postings_of(world.records, CLAIM))
    assert held.claim_cents(CLAIM, Account.INSURANCE_RECEIVABLE) == 15_000
    assert [event["type"] for event in world.records.events()] == ["claim.submitted"]


def test_what_is_sent_is_an_837_with_the_claims_own_numbers(world: World) -> None:
    world.submit()

    ((_, body),) = world.clearinghouse.received
    (item,) = read_x12(body, name="sent")
    assert isinstance(item, Transaction)
    assert isinstance(item.body, ProfessionalClaims)
    (sent,) = item.body.claims()
    assert sent.claim.control_number == f"{CLAIM}01"
    assert sent.claim.charge_cents == 15_000
    assert sent.subscriber.subscriber.id == "ABC123456789"


def test_a_second_delivery_sends_nothing(world: World) -> None:
    world.submit()

    assert world.submit() == "already_sent"
    assert len(world.clearinghouse.received) == 1


def test_the_intent_is_stored_before_anything_leaves(world: World) -> None:
    class Crash(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Crash

    world.clearinghouse.submit = die  # type: ignore[method-assign, assignment]
    with pytest.raises(Crash):
        world.submit()

    assert world.state is ClaimState.SUBMITTING
    (attempt,) = world.records.of_kind("ATTEMPT")
    assert attempt["body_sha256"]


def test_a_lost_answer_is_resolved_by_the_clearinghouses_own_list(world: World) -> None:
    world.clearinghouse.faults = ["lost_answer"]
    assert world.submit() == "unknown"
    world.clock.advance(seconds=91)

    assert world.resolve() == "submitted"
    assert len(world.clearinghouse.received) == 1


def test_nothing_is_concluded_before_the_settle_time(world: World) -> None:
    world.clearinghouse.faults = ["lost_answer"]
    world.submit()
    world.clock.advance(seconds=10)

    assert world.resolve() == "unknown"
    assert world.state is ClaimState.SUBMITTING


def test_a_claim_that_never_arrived_is_sent_again_under_the_same_key(world: World) -> None:
    world.clearinghouse.faults = ["down"]
    assert world.submit() == "unknown"
    world.clock.advance(seconds=91)

    assert world.resolve() == "submitted"
    assert len(world.clearinghouse.received) == 1
    (attempt,) = world.records.of_kind("ATTEMPT")
    assert attempt["tries"] == 2


def test_without_key_or_list_an_unknown_outcome_is_parked_for_a_person() -> None:
    world = World(idempotency_window_hours=0, lookup_is_authoritative=False)
    world.clearinghouse.lookup_fault = True
    world.clearinghouse.faults = ["lost_answer"]
    world.submit()
    world.clock.advance(hours=2)

    assert world.resolve() == "parked"
    assert world.state is ClaimState.OUTCOME_UNKNOWN
    assert len(world.clearinghouse.received) == 1
    (work,) = world.records.of_kind("WORK")
    assert work["reason"] == "submission_outcome_unknown"


def test_after_the_keys_window_only_the_list_decides(world: World) -> None:
    world.clearinghouse.faults = ["lost_answer"]
    world.submit()
    world.clock.advance(days=3)

    assert world.resolve() == "submitted"
    assert len(world.clearinghouse.received) == 1


def test_a_refusal_by_the_clearinghouse_is_a_rejection_with_work(world: World) -> None:
    world.clearinghouse.refusal = "INVALID_X12"

    assert world.submit() == "rejected"
    assert world.state is ClaimState.REJECTED
    assert [event["type"] for event in world.records.events()] == [
        "claim.rejected",
        "work_item.opened",
    ]


@pytest.mark.parametrize("again", [World.submit, World.resolve])
def test_a_settled_claim_is_left_alone(world: World, again: Callable[[World], str]) -> None:
    world.submit()
    before = read(world.records, CLAIM)

    assert again(world) == "already_sent"
    assert read(world.records, CLAIM) == before
