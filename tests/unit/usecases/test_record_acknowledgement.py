"""What the front door says of a claim moves it; syntax is not acceptance, and a rejection is not a denial."""

from itertools import permutations

import pytest

from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.usecases.resolve_submission import ResolveSubmission, resolve_submission
from functions.billing.usecases.submit_claim import SubmitClaim, submit_claim
from tests.builders import CAUSE, released_claim, store
from tests.fakes import Crash
from tests.unit.usecases.payer_files import (
    Said,
    answered,
    front_door_file,
    interchange_file,
    remittance_file,
    syntax_file,
)
from tests.unit.usecases.world import CLAIM, PCN, World

GROUP = "1"


@pytest.fixture
def world() -> World:
    world = World()
    world.submitted()
    return world


def test_a_999_that_accepts_says_only_that_the_file_was_readable(world: World) -> None:
    assert world.acknowledge(syntax_file(GROUP)) == "recorded"

    assert world.claim().state is ClaimState.SUBMITTED
    assert world.event("claim.acknowledged")["level"] == "syntax.received"
    assert world.only("ACK")["transaction_set"] == "999"


def test_a_999_that_rejects_turns_the_claim_away_and_names_the_element(world: World) -> None:
    world.acknowledge(syntax_file(GROUP, result="R"))

    claim = world.claim()
    assert claim.state is ClaimState.REJECTED
    assert claim.rejections == 1
    assert "NM1:9:7" in claim.reasons
    assert world.event("claim.rejected")["level"] == "syntax"
    assert len(world.open_work()) == 1


def test_a_277ca_that_accepts_gives_the_claim_the_payers_number(world: World) -> None:
    world.acknowledge(front_door_file(Said(PCN, "A2:20", "ICN77")))

    claim = world.claim()
    assert (claim.state, claim.accepted_at) == (ClaimState.ACCEPTED, world.clock.now())
    assert claim.payer_claim_control_number == "ICN77"
    assert claim.due_kind == "AWAITING_REMITTANCE"
    assert world.event("claim.acknowledged")["level"] == "claim.accepted"


def test_received_by_the_clearinghouse_is_not_accepted_by_the_payer(world: World) -> None:
    world.acknowledge(front_door_file(Said(PCN, "A1:19")))

    assert world.claim().state is ClaimState.SUBMITTED
    assert world.event("claim.acknowledged")["level"] == "claim.received"


def test_a_277ca_that_rejects_opens_work_for_whoever_can_mend_it(world: World) -> None:
    world.acknowledge(front_door_file(Said(PCN, "A7:562:85")))

    claim = world.claim()
    assert (claim.state, claim.reasons) == (ClaimState.REJECTED, ("A7:562:85",))
    assert world.event("claim.rejected")["reasons"] == ["A7:562:85"]
    assert set(world.open_work().values()) == {"credentialing"}


def test_a_payers_rejection_wins_over_the_clearinghouses_acceptance(world: World) -> None:
    world.acknowledge(front_door_file(Said(PCN, "A2:20", "ICN77")), "first.x12")

    world.acknowledge(front_door_file(Said(PCN, "A3:33:IL"), interchange=901), "second.x12")

    assert world.claim().state is ClaimState.REJECTED


CERTAINTY = {
    "syntax": ("999", None),
    "received": ("A1:19", "submitted"),
    "accepted": ("A2:20", "accepted"),
    "rejected": ("A7:562", "rejected"),
}


@pytest.mark.parametrize("order", list(permutations(CERTAINTY)))
def test_several_answers_in_any_order_leave_the_claim_in_the_same_place(
    world: World, order: tuple[str, ...]
) -> None:
    for place, name in enumerate(order):
        code, _ = CERTAINTY[name]
        body = syntax_file(GROUP) if code == "999" else front_door_file(Said(PCN, code))
        assert world.acknowledge(body, f"{place}.x12") == "recorded"

    assert world.claim().state is ClaimState.REJECTED
    assert len(world.of_kind("ACK")) == len(order)
    assert len(world.records.events("claim.rejected")) == 1


def test_a_rejection_never_wins_over_money(world: World) -> None:
    world.pay(answered({"CO-45": 5_200}))

    world.acknowledge(front_door_file(Said(PCN, "A3:33:IL")))

    assert world.claim().state is ClaimState.CLOSED
    assert world.records.events("claim.rejected") == []
    assert world.open_work() == {}


def test_a_batch_rejected_above_the_claims_rejects_the_claim_it_carried(world: World) -> None:
    assert world.acknowledge(front_door_file(batch_code="A3:24:41")) == "recorded"

    claim = world.claim()
    assert (claim.state, claim.reasons) == (ClaimState.REJECTED, ("A3:24:41",))
    assert world.event("claim.rejected")["level"] == "receiver"


def test_a_provider_rejected_above_the_claims_rejects_the_claim_it_carried(world: World) -> None:
    world.acknowledge(front_door_file(provider_code="A7:562:85"))

    assert world.claim().state is ClaimState.REJECTED
    assert world.event("claim.rejected")["level"] == "provider"


def test_a_claim_named_under_a_rejected_provider_is_rejected_once(world: World) -> None:
    world.acknowledge(front_door_file(Said(PCN, "A1:19"), provider_code="A7:562:85"))

    assert world.claim().rejections == 1
    assert len(world.of_kind("WORK")) == 1


def test_a_claim_rejected_twice_in_one_file_is_one_rejection(world: World) -> None:
    world.acknowledge(front_door_file(Said(PCN, "A7:562:85"), Said(PCN, "A7:562:85")))

    assert world.claim().rejections == 1
    assert len(world.of_kind("ACK")) == 2
    assert len(world.of_kind("WORK")) == 1


def test_a_ta1_that_rejects_the_interchange_rejects_the_claim_in_it(world: World) -> None:
    assert world.acknowledge(interchange_file("000000001", result="R", note="021")) == "recorded"

    assert world.claim().state is ClaimState.REJECTED
    assert world.event("claim.rejected")["level"] == "interchange"


def test_a_ta1_that_accepts_changes_nothing(world: World) -> None:
    world.acknowledge(interchange_file("000000001", result="A", note="000"))

    assert world.claim().state is ClaimState.SUBMITTED
    assert world.open_work() == {}


def test_a_status_code_nobody_knows_moves_nothing_and_is_a_question_for_billing(
    world: World,
) -> None:
    world.acknowledge(front_door_file(Said(PCN, "D9:1"), Said(PCN, "D9:1")))

    assert world.claim().state is ClaimState.SUBMITTED
    assert {ack["verdict"] for ack in world.of_kind("ACK")} == {"unrecognized"}
    assert world.records.events("claim.acknowledged") == []
    assert world.open_work() == {"acknowledgement_not_understood": "billing"}


def test_the_same_file_again_is_a_duplicate_and_changes_nothing(world: World) -> None:
    body = front_door_file(Said(PCN, "A7:562:85"))
    world.acknowledge(body)
    before = world.snapshot()

    assert world.acknowledge(body, "same-content-other-name.x12") == "duplicate"
    assert world.snapshot() == before


def test_a_run_that_died_before_the_file_was_closed_is_taken_up_without_repeating(
    world: World,
) -> None:
    body = front_door_file(Said(PCN, "A2:20"))
    world.records.dies_before = "ACKFILE"
    with pytest.raises(Crash):
        world.acknowledge(body)

    assert world.acknowledge(body) == "recorded"
    assert len(world.of_kind("ACK")) == 1
    assert len(world.records.events("claim.acknowledged")) == 1


@pytest.mark.parametrize("state", ["submitting", "parked"])
def test_an_acknowledgement_proves_a_submission_nobody_answered_for(state: str) -> None:
    world = World(idempotency_window_hours=0, lookup_is_authoritative=False)
    released_claim(world.records)
    world.clearinghouse.faults = ["lost_answer"]
    submit_claim(SubmitClaim(claim_id=CLAIM), CAUSE, world.sending)
    if state == "parked":
        world.clearinghouse.lookup_fault = True
        world.clock.advance(hours=2)
        outcome = resolve_submission(ResolveSubmission(claim_id=CLAIM), CAUSE, world.sending)
        assert outcome["outcome"] == "parked"

    world.acknowledge(front_door_file(Said(PCN, "A2:20", "ICN77")))

    assert world.claim().state is ClaimState.ACCEPTED
    assert world.claim().submitted_at is not None
    assert world.only("ATTEMPT")["state"] == "submitted"
    assert world.open_work() == {}
    assert world.balance().charged_cents == 15_000


def test_a_rejection_settles_an_unanswered_submission_that_had_left_with_its_charge() -> None:
    world = World()
    released_claim(world.records)
    world.clearinghouse.faults = ["lost_answer"]
    submit_claim(SubmitClaim(claim_id=CLAIM), CAUSE, world.sending)

    world.acknowledge(syntax_file(GROUP, result="R"))

    assert world.claim().state is ClaimState.REJECTED
    assert world.only("ATTEMPT")["state"] == "rejected"
    assert world.balance().charged_cents == 15_000


def test_a_late_answer_to_an_earlier_revision_does_not_move_the_claim(world: World) -> None:
    world.acknowledge(syntax_file(GROUP, result="R"), "first.x12")
    corrected = store(
        world.records,
        world.claim().moved(ClaimState.STAGED, patient_control_number=f"{CLAIM}02", reasons=()),
    )
    store(world.records, corrected.moved(ClaimState.VALIDATED))
    submit_claim(SubmitClaim(claim_id=CLAIM), CAUSE, world.sending)

    world.acknowledge(front_door_file(Said(PCN, "A7:562:85"), interchange=901), "by-number.x12")
    world.acknowledge(syntax_file(GROUP, result="R", interchange=902), "by-group.x12")

    assert world.claim().state is ClaimState.SUBMITTED
    assert world.claim().rejections == 1
    assert len(world.records.events("claim.rejected")) == 1


def test_an_answer_for_nobodys_claim_is_work_for_billing(world: World) -> None:
    assert world.acknowledge(front_door_file(Said("NOTOURS", "A2:20"))) == "recorded"

    assert world.only("ACKFILE")["unmatched"] == 1
    assert world.open_work() == {"acknowledgement_unmatched": "billing"}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"this is no X12 at all", id="garbage"),
        pytest.param(front_door_file(Said(PCN, "A2:20"))[:-60], id="cut off"),
        pytest.param(
            front_door_file(Said(PCN, "A2:20")).replace(f"TRN*2*{PCN}".encode(), b"TRN*2"),
            id="a status without its claim",
        ),
        pytest.param(syntax_file(GROUP).replace(b"AK1*HC*1*", b"AK1*HC**"), id="no group"),
        pytest.param(remittance_file(answered()), id="another kind of file"),
    ],
)
def test_a_file_that_cannot_be_read_is_kept_refused_and_work_for_engineering(
    world: World, body: bytes
) -> None:
    assert world.acknowledge(body) == "refused"

    assert world.claim().state is ClaimState.SUBMITTED
    assert world.open_work() == {"acknowledgement_file_unreadable": "engineering"}
    assert world.evidence.fetch(world.only("ACKFILE")["evidence_key"]) == body
    assert world.only("ACKFILE")["state"] == "refused"


def test_what_is_readable_in_a_broken_file_still_counts(world: World) -> None:
    good, broken = syntax_file(GROUP), front_door_file(Said(PCN, "A2:20"))[:-60]

    assert world.acknowledge(good + broken) == "recorded"

    assert len(world.of_kind("ACK")) == 1
    assert world.open_work() == {"acknowledgement_file_unreadable": "engineering"}
