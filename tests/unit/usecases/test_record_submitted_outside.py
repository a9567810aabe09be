"""A parked claim that a person saw to elsewhere: recorded, with who and why, and never sent again."""

import pytest

from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.errors import ForbiddenTransitionError
from functions.billing.domain.ledger.accounts import Account
from functions.billing.usecases.record_submitted_outside import (
    RecordSubmittedOutside,
    record_submitted_outside,
)
from functions.billing.usecases.resolve_submission import ResolveSubmission, resolve_submission
from functions.billing.usecases.submit_claim import SubmitClaim, submit_claim
from tests.builders import CAUSE, released_claim
from tests.unit.usecases.payer_files import Said, front_door_file
from tests.unit.usecases.world import CLAIM, PCN, World


@pytest.fixture
def parked() -> World:
    """A claim nobody can say anything of."""
    world = World(idempotency_window_hours=0, lookup_is_authoritative=False)
    released_claim(world.records)
    world.clearinghouse.lookup_fault = True
    world.clearinghouse.faults = ["down"]
    submit_claim(SubmitClaim(claim_id=CLAIM), CAUSE, world.sending)
    world.clock.advance(hours=2)
    resolve_submission(ResolveSubmission(claim_id=CLAIM), CAUSE, world.sending)
    assert world.claim().state is ClaimState.OUTCOME_UNKNOWN
    return world


def record(world: World) -> str:
    command = RecordSubmittedOutside(
        claim_id=CLAIM, actor="b.weaver", reason="keyed in at the portal, reference 4711"
    )
    outcome = record_submitted_outside(
        command, CAUSE, records=world.records, rule_sets=world.rule_sets, clock=world.clock
    )
    return str(outcome["outcome"])


def test_it_is_submitted_charged_and_nobodys_work_any_more(parked: World) -> None:
    assert record(parked) == "recorded"

    assert parked.claim().state is ClaimState.SUBMITTED
    assert parked.account(Account.INSURANCE_RECEIVABLE) == 15_000
    assert parked.open_work() == {}
    assert "claim.submitted" in parked.event_types()


def test_its_history_names_the_person_and_the_reason(parked: World) -> None:
    record(parked)

    line = parked.of_kind("HISTORY")[-1]
    assert line["decision"] == "submitted_outside"
    assert line["actor"] == "b.weaver"
    assert line["facts"]["reason"] == "keyed in at the portal, reference 4711"


def test_nothing_sends_it_again_and_its_acknowledgement_still_finds_it(parked: World) -> None:
    record(parked)

    assert submit_claim(SubmitClaim(claim_id=CLAIM), CAUSE, parked.sending)["outcome"] == (
        "already_sent"
    )
    assert parked.clearinghouse.received == []
    parked.acknowledge(front_door_file(Said(PCN, "A2:20")))
    assert parked.claim().state is ClaimState.ACCEPTED


def test_saying_it_twice_changes_nothing(parked: World) -> None:
    record(parked)
    before = parked.snapshot()

    assert record(parked) == "already_recorded"
    assert parked.snapshot() == before


def test_a_claim_that_is_not_parked_is_left_to_the_protocol() -> None:
    world = World()
    world.submitted()

    with pytest.raises(ForbiddenTransitionError, match="claim_is_not_parked"):
        record(world)
