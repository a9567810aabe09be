"""A second person releases a claim, never the one who changed it."""

from typing import Literal

import pytest

from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.errors import ForbiddenTransitionError, SegregationError
from functions.billing.usecases.decide_approval import DecideApproval, decide_approval
from tests.builders import released_claim, staged_claim, store
from tests.unit.usecases.test_scrub_claim import LARGE, scrub
from tests.unit.usecases.world import CLAIM, World, caused_by


@pytest.fixture
def world() -> World:
    """A claim that waits for approval; `kay` changed it."""
    world = World()
    staged_claim(world.records, LARGE)
    store(world.records, world.claim().moved(ClaimState.STAGED, editors=("kay",)))
    assert scrub(world) == "awaiting_approval"
    return world


def decide(
    world: World, decision: Literal["approve", "reject"] = "approve", *, actor: str = "ravi"
) -> str:
    command = DecideApproval(claim_id=CLAIM, decision=decision, actor=actor, reason="read it")
    outcome = decide_approval(
        command, caused_by("approval"), records=world.records, clock=world.clock
    )
    return str(outcome["outcome"])


def test_somebody_else_releases_the_claim_and_the_work_is_done(world: World) -> None:
    assert decide(world) == "released"

    claim = world.claim()
    assert (claim.state, claim.touches) == (ClaimState.VALIDATED, 1)
    assert world.event("claim.released")["revision"] == 1
    assert world.open_work() == {}
    work = world.only("WORK")
    assert (work["resolved_by"], work["resolution"]) == ("ravi", "approval_approve")


def test_the_audit_entry_names_the_person(world: World) -> None:
    decide(world)

    entries = world.records.tables.plain_items("audit")
    (entry,) = [
        each
        for each in entries
        if each["pk"] == f"claim:{CLAIM}" and each["body"]["step"] == "decide_approval"
    ]
    assert (entry["body"]["actor"], entry["body"]["is_person"]) == ("ravi", True)


def test_whoever_changed_the_claim_may_not_release_it(world: World) -> None:
    before = world.snapshot()

    with pytest.raises(SegregationError):
        decide(world, actor="kay")

    assert world.snapshot() == before


def test_whoever_changed_the_claim_may_not_return_it_either(world: World) -> None:
    with pytest.raises(SegregationError):
        decide(world, "reject", actor="kay")


def test_a_returned_claim_is_held_and_somebody_must_mend_it(world: World) -> None:
    assert decide(world, "reject") == "returned"

    claim = world.claim()
    assert (claim.state, claim.reasons) == (ClaimState.HELD, ("approval_refused",))
    assert world.open_work() == {"approval_refused": "billing"}
    assert world.records.events("claim.released") == []


def test_a_second_approval_says_so_and_releases_nothing_more(world: World) -> None:
    decide(world)
    before = world.snapshot()

    assert decide(world) == "already_decided"
    assert world.snapshot() == before


def test_a_claim_that_waits_for_nobody_cannot_be_approved() -> None:
    world = World()
    staged_claim(world.records)

    with pytest.raises(ForbiddenTransitionError, match="it is staged"):
        decide(world)


def test_a_claim_released_by_policy_needs_no_approval() -> None:
    world = World()
    released_claim(world.records)

    assert decide(world) == "already_decided"
