"""Nothing that was let go stands still unnoticed."""

import pytest

from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.usecases.resolve_submission import ResolveSubmission, resolve_submission
from functions.billing.usecases.scrub_claim import ScrubClaim, scrub_claim
from functions.billing.usecases.submit_claim import SubmitClaim, submit_claim
from functions.billing.usecases.sweep_submissions import SweepSubmissions, sweep_submissions
from tests.builders import CAUSE, released_claim, staged_claim
from tests.unit.usecases.payer_files import Said, front_door_file
from tests.unit.usecases.world import CLAIM, PCN, World, caused_by


def sweep(world: World, cause_id: str = "due_1") -> object:
    """How many were woken."""
    outcome = sweep_submissions(
        SweepSubmissions(),
        caused_by("submissions.due", cause_id),
        records=world.records,
        gathers=world.connections.gathers,
        rule_sets=world.rule_sets,
        clock=world.clock,
    )
    return outcome["woken"]


@pytest.fixture
def unknown() -> World:
    """A claim whose answer was lost."""
    world = World()
    released_claim(world.records)
    world.clearinghouse.faults = ["lost_answer"]
    assert submit_claim(SubmitClaim(claim_id=CLAIM), CAUSE, world.sending)["outcome"] == "unknown"
    return world


def test_an_interrupted_submission_is_woken_and_the_protocol_decides(unknown: World) -> None:
    unknown.clock.advance(minutes=5)

    assert sweep(unknown) == 1

    assert unknown.event("claim.released")["claim_id"] == CLAIM
    assert resolve_submission(ResolveSubmission(claim_id=CLAIM), CAUSE, unknown.sending) == {
        "outcome": "submitted",
        "claim_id": CLAIM,
    }
    assert len(unknown.clearinghouse.received) == 1


def test_a_submission_whose_lease_runs_is_left_alone(unknown: World) -> None:
    assert sweep(unknown) == 0


def test_a_submission_woken_once_is_woken_again_only_after_a_while(unknown: World) -> None:
    unknown.clock.advance(hours=1)
    sweep(unknown, "due_1")
    unknown.clock.advance(minutes=4)
    assert sweep(unknown, "due_2") == 0
    unknown.clock.advance(minutes=1)

    assert sweep(unknown, "due_3") == 1


def test_a_submission_proven_by_its_acknowledgement_is_not_woken(unknown: World) -> None:
    unknown.acknowledge(front_door_file(Said(PCN, "A1:19")))
    unknown.clock.advance(days=1)

    assert sweep(unknown) == 0
    assert unknown.claim().state is ClaimState.SUBMITTED


def test_a_claim_that_was_released_and_never_begun_is_released_again() -> None:
    world = World()
    staged_claim(world.records)
    scrub_claim(
        ScrubClaim(claim_id=CLAIM),
        CAUSE,
        records=world.records,
        rule_sets=world.rule_sets,
        code_tables=world.code_tables,
        clock=world.clock,
    )
    if world.claim().state is not ClaimState.VALIDATED:
        pytest.skip("the example rules hold this claim")
    world.clock.advance(minutes=11)

    assert sweep(world) == 1
    assert submit_claim(SubmitClaim(claim_id=CLAIM), CAUSE, world.sending)["outcome"] == "submitted"
    assert sweep(world, "due_2") == 0
