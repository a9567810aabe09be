"""Claims that go together are sent once together, and each knows its own fate."""

from collections import Counter
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest

from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.claims.revisions import StoredContent
from functions.billing.domain.errors import RecordNotFoundError, RetryLaterError, RuleSetError
from functions.billing.usecases.resolve_submission import ResolveSubmission, resolve_submission
from functions.billing.usecases.sending import BEGUN_WITHIN, RELEASED, SendingPorts
from functions.billing.usecases.submit_claim import SubmitClaim, submit_claim
from functions.billing.usecases.submit_file import SubmitFile, submit_file
from functions.billing.usecases.sweep_submissions import SweepSubmissions, sweep_submissions
from functions.billing.x12 import ProfessionalClaims, Transaction
from functions.billing.x12 import read as read_x12
from tests.builders import CAUSE, released_claim, store
from tests.fakes import Crash, InterruptedRecords
from tests.unit.usecases.payer_files import (
    Said,
    front_door_file,
    interchange_file,
    syntax_file,
    syntax_file_of,
)
from tests.unit.usecases.world import World

CLAIMS = ("CFIRSTCLAIM1", "CSECONDCLAIM", "CTHIRDCLAIM1")
FIRST, SECOND, THIRD = CLAIMS
GROUP = "1"


class Together(World):
    """A practice whose clearinghouse wants up to three claims in a file; three were just let go."""

    def __init__(self, **connector: object) -> None:
        super().__init__(**{"claims_per_file": 3, "file_wait_minutes": 10, **connector})
        for claim_id in CLAIMS:
            self.release(claim_id)

    def release(self, claim_id: str) -> None:
        """As validation leaves a claim."""
        claim = released_claim(self.records, claim_id=claim_id)
        due_at = self.clock.now() + BEGUN_WITHIN
        store(self.records, replace(claim, due_kind=RELEASED, due_at=due_at))

    def mend(self, claim_id: str) -> None:
        """As a correction and its validation leave a rejected claim."""
        number = f"{claim_id}02"
        stored = self.records.get(StoredContent, StoredContent.key_of(claim_id, 1))
        assert stored
        mended = replace(
            stored, revision=2, content=replace(stored.content, patient_control_number=number)
        )
        staged = self.claim(claim_id).moved(
            ClaimState.STAGED, revision=2, patient_control_number=number
        )
        claim = store(self.records, staged, mended).moved(ClaimState.VALIDATED)
        due_at = self.clock.now() + BEGUN_WITHIN
        store(self.records, replace(claim, due_kind=RELEASED, due_at=due_at))

    def look(self, ports: SendingPorts | None = None) -> str:
        """One run of the step: what the file came to, or `none_due`."""
        outcome = submit_file(SubmitFile(), CAUSE, ports or self.sending)
        return str(outcome.get("came_to", outcome["outcome"]))

    def submit(self, claim_id: str = FIRST) -> str:
        return str(submit_claim(SubmitClaim(claim_id=claim_id), CAUSE, self.sending)["outcome"])

    def resolve(self, claim_id: str) -> str:
        command = ResolveSubmission(claim_id=claim_id)
        return str(resolve_submission(command, CAUSE, self.sending)["outcome"])

    def sweep(self) -> object:
        return sweep_submissions(
            SweepSubmissions(),
            CAUSE,
            records=self.records,
            gathers=self.connections.gathers,
            rule_sets=self.rule_sets,
            clock=self.clock,
        )["woken"]

    def sent(self) -> list[list[str]]:
        """The patient control numbers of each file that was taken."""
        return [
            [
                each.claim.control_number[:-2]
                for item in read_x12(body, name="sent")
                if isinstance(item, Transaction) and isinstance(item.body, ProfessionalClaims)
                for each in item.body.claims()
            ]
            for _, body in self.clearinghouse.received
        ]

    def states(self) -> dict[str, str]:
        return {claim_id: self.claim(claim_id).state.value for claim_id in CLAIMS}

    def all_are(self, state: ClaimState) -> bool:
        return set(self.states().values()) == {state}


@pytest.fixture
def world() -> Together:
    return Together()


def test_a_released_claim_waits_for_company_and_costs_no_write(world: Together) -> None:
    before = world.snapshot()

    assert [world.submit(claim_id) for claim_id in CLAIMS] == ["awaits_file"] * 3
    assert world.snapshot() == before


def test_a_full_file_goes_at_once_with_a_transaction_for_each_claim(world: Together) -> None:
    assert world.look() == "submitted"

    assert world.sent() == [list(CLAIMS)]
    ((key, body),) = world.clearinghouse.received
    items = [item for item in read_x12(body, name="sent") if isinstance(item, Transaction)]
    assert [item.envelope.control_number for item in items] == ["0001", "0002", "0003"]
    assert {item.envelope.group.control_number for item in items if item.envelope.group} == {GROUP}
    assert key.startswith(world.only("CLAIMFILE")["file_id"])
    assert world.all_are(ClaimState.SUBMITTED)
    assert {world.balance(each).charged_cents for each in CLAIMS} == {15_000}
    assert Counter(world.event_types()) == {"claim.submitted": 3}
    assert world.look() == "none_due"


def test_a_file_takes_one_number_one_request_and_no_look(world: Together) -> None:
    world.look()

    assert world.control_numbers.given == 1
    assert (len(world.clearinghouse.received), world.clearinghouse.looks) == (1, 0)


def test_claims_without_enough_company_wait_no_longer_than_was_declared() -> None:
    world = Together(claims_per_file=5)
    assert world.look() == "none_due"
    world.clock.advance(minutes=9)
    assert world.look() == "none_due"
    world.clock.advance(minutes=1)

    assert world.look() == "submitted"
    assert world.sent() == [list(CLAIMS)]


def test_more_claims_than_one_file_takes_go_in_several() -> None:
    world = Together(claims_per_file=2, file_wait_minutes=0)

    assert [world.look(), world.look(), world.look()] == ["submitted", "submitted", "none_due"]
    assert world.sent() == [[FIRST, SECOND], [THIRD]]


def test_the_sweep_wakes_nobody_who_waits_for_company(world: Together) -> None:
    world.clock.advance(minutes=30)

    assert world.sweep() == 0


def test_a_claim_that_cannot_be_written_says_so_and_keeps_nobody(world: Together) -> None:
    claim = world.claim(SECOND)
    store(world.records, replace(claim, revision=7))
    world.clock.advance(minutes=10)

    with pytest.raises(RecordNotFoundError):
        world.submit(SECOND)
    assert world.look() == "submitted"
    assert world.sent() == [[FIRST, THIRD]]


def test_who_moved_after_being_asked_stays_out_for_good(world: Together) -> None:
    def hold() -> None:
        claim = world.claim(SECOND)
        store(world.records, claim.moved(ClaimState.HELD))
        store(world.records, world.claim(SECOND).moved(ClaimState.STAGED))
        again = world.claim(SECOND).moved(ClaimState.VALIDATED)
        store(world.records, replace(again, due_kind=RELEASED, due_at=claim.due_at))

    # The second commit is the first claim being bound.
    records = InterruptedRecords(world.records, hold, at_commit=2)
    assert world.look(replace(world.sending, records=records)) == "submitted"

    assert world.sent() == [[FIRST, THIRD]]
    assert world.claim(SECOND).state is ClaimState.VALIDATED
    world.clock.advance(minutes=10)
    assert world.look() == "submitted"
    assert world.sent() == [[FIRST, THIRD], [SECOND]]


def test_a_file_nobody_is_left_for_is_given_up(world: Together) -> None:
    def hold_all() -> None:
        for claim_id in CLAIMS:
            store(world.records, world.claim(claim_id).moved(ClaimState.HELD))

    records = InterruptedRecords(world.records, hold_all, at_commit=2)

    assert world.look(replace(world.sending, records=records)) == "abandoned"
    assert world.clearinghouse.received == []
    world.clock.advance(hours=1)
    assert world.look() == "none_due"


@pytest.mark.parametrize("nth", range(1, 11))
def test_whoever_dies_before_a_commit_leaves_a_file_that_goes_on(nth: int) -> None:
    world = Together()
    world.records.dies_at = nth
    try:
        world.look()
    except Crash:
        world.clock.advance(minutes=10)
        while world.look() != "none_due":
            pass

    assert sorted(chain(*world.sent())) == sorted(CLAIMS)
    assert world.all_are(ClaimState.SUBMITTED)


def test_two_at_once_share_the_claims_out_and_send_each_once(world: Together) -> None:
    def rival() -> None:
        world.look()

    # The rival looks just before the first claim is bound, and takes them all.
    records = InterruptedRecords(world.records, rival, at_commit=2)

    assert world.look(replace(world.sending, records=records)) == "abandoned"
    assert world.sent() == [list(CLAIMS)]


def test_a_lost_answer_is_asked_for_once_for_all(world: Together) -> None:
    world.clearinghouse.faults = ["lost_answer"]
    assert world.look() == "unknown"
    assert world.all_are(ClaimState.SUBMITTING)
    assert [world.submit(each) for each in CLAIMS] == ["awaits_file"] * 3
    assert world.sweep() == 0
    world.clock.advance(minutes=5)

    assert world.look() == "submitted"
    assert world.clearinghouse.looks == 1
    assert world.sent() == [list(CLAIMS)]
    assert world.all_are(ClaimState.SUBMITTED)


def test_a_file_that_never_arrived_is_sent_again_under_the_same_name(world: Together) -> None:
    world.clearinghouse.faults = ["down"]
    assert world.look() == "unknown"
    world.clock.advance(minutes=5)

    assert world.look() == "submitted"
    assert world.only("CLAIMFILE")["tries"] == 2
    assert world.sent() == [list(CLAIMS)]


def test_nothing_is_looked_for_before_the_lease_has_run_out(world: Together) -> None:
    world.clearinghouse.faults = ["lost_answer"]
    world.look()
    world.clock.advance(seconds=30)

    assert world.look() == "none_due"


def test_without_key_or_list_every_claim_of_an_unknown_file_is_parked() -> None:
    world = Together(idempotency_window_hours=0, lookup_is_authoritative=False)
    world.clearinghouse.lookup_fault = True
    world.clearinghouse.faults = ["lost_answer"]
    world.look()
    world.clock.advance(hours=2)

    assert world.look() == "parked"
    assert world.all_are(ClaimState.OUTCOME_UNKNOWN)
    assert len(world.of_kind("WORK")) == 3
    assert world.look() == "none_due"


def test_a_file_refused_as_a_whole_is_sent_claim_by_claim_to_find_the_one_that_was_meant(
    world: Together,
) -> None:
    world.clearinghouse.refusal = "INVALID_X12"
    assert world.look() == "rejected"
    assert world.all_are(ClaimState.SUBMITTING)
    assert world.sweep() == 3

    assert world.resolve(FIRST) == "rejected"
    world.clearinghouse.refusal = ""
    assert [world.resolve(SECOND), world.resolve(THIRD)] == ["submitted", "submitted"]
    assert world.sent() == [[SECOND], [THIRD]]
    assert world.claim(FIRST).state is ClaimState.REJECTED


def test_a_refused_file_of_one_is_its_claims_own_refusal() -> None:
    world = Together(claims_per_file=2, file_wait_minutes=0)
    world.look()
    world.clearinghouse.refusal = "INVALID_X12"

    assert world.look() == "rejected"
    assert world.claim(THIRD).state is ClaimState.REJECTED


def test_while_nobody_answers_no_file_is_made_and_the_line_waits() -> None:
    world = Together(claims_per_file=2, file_wait_minutes=0)
    world.clearinghouse.faults = ["down"] * 5
    assert world.look() == "unknown"
    for _ in range(4):
        world.clock.advance(minutes=4)
        assert world.look() == "unknown"
    assert world.claim(THIRD).state is ClaimState.VALIDATED

    assert world.look() == "none_due"
    world.clock.advance(minutes=10)
    assert [world.look(), world.look()] == ["submitted", "submitted"]
    assert world.sent() == [[FIRST, SECOND], [THIRD]]


def test_a_rival_on_the_same_file_makes_the_slower_one_come_back(world: Together) -> None:
    world.clearinghouse.faults = ["down"]
    world.look()
    world.clock.advance(minutes=5)
    records = InterruptedRecords(world.records, world.look, at_commit=1)

    with pytest.raises(RetryLaterError):
        world.look(replace(world.sending, records=records))
    assert world.sent() == [list(CLAIMS)]


def test_a_file_in_the_way_of_nobody_else(world: Together) -> None:
    world.records.dies_at = 5
    with pytest.raises(Crash):
        world.look()
    content = world.rule_sets.contents["payer_policies"]
    nobody: dict[str, Any] = {**content, "payers": []}
    world.rule_sets.contents["payer_policies"] = nobody
    world.clock.advance(minutes=5)

    with pytest.raises(RuleSetError, match="payer_policy_missing"):
        world.look()
    world.rule_sets.contents["payer_policies"] = content
    assert world.look() == "submitted"


# --- what the clearinghouse says of a file ----------------------------------------------------


@pytest.fixture
def sent(world: Together) -> Together:
    world.look()
    return world


def test_a_999_that_rejects_one_transaction_leaves_its_neighbours(sent: Together) -> None:
    said = syntax_file_of(GROUP, {"0001": "A", "0002": "R", "0003": "A"})
    assert sent.acknowledge(said) == "recorded"

    assert sent.states() == {FIRST: "submitted", SECOND: "rejected", THIRD: "submitted"}
    assert {sent.claim(each).due_kind for each in (FIRST, THIRD)} == {"AWAITING_ACKNOWLEDGEMENT"}
    assert len(sent.of_kind("ACK")) == 3
    assert len(sent.open_work()) == 1


def test_a_999_need_not_name_what_is_right(sent: Together) -> None:
    sent.acknowledge(syntax_file_of(GROUP, {"0002": "R", "0003": "E"}))

    assert sent.states() == {FIRST: "submitted", SECOND: "rejected", THIRD: "submitted"}


def test_a_group_turned_away_takes_all_with_it(sent: Together) -> None:
    sent.acknowledge(syntax_file_of(GROUP, {"0001": "A"}, result="R"))

    assert sent.all_are(ClaimState.REJECTED)


def test_a_999_that_accepts_the_group_speaks_for_all(sent: Together) -> None:
    sent.acknowledge(syntax_file(GROUP))

    assert [event["type"] for event in sent.records.events()].count("claim.acknowledged") == 3


def test_a_ta1_that_rejects_the_interchange_speaks_for_all(sent: Together) -> None:
    sent.acknowledge(interchange_file("000000001", result="R", note="022"))

    assert sent.all_are(ClaimState.REJECTED)


def test_a_277ca_speaks_of_each_claim(sent: Together) -> None:
    sent.acknowledge(
        front_door_file(Said(f"{FIRST}01", "A2:20", "ICN1"), Said(f"{SECOND}01", "A7:562:85"))
    )

    assert sent.states() == {FIRST: "accepted", SECOND: "rejected", THIRD: "submitted"}


def test_a_277ca_that_rejects_a_transaction_above_its_claim_means_that_one(sent: Together) -> None:
    sent.acknowledge(front_door_file(batch="000000001-0002", batch_code="A3:24"))

    assert sent.states() == {FIRST: "submitted", SECOND: "rejected", THIRD: "submitted"}


def test_a_claim_that_was_rejected_is_mended_and_goes_again_without_its_neighbours(
    sent: Together,
) -> None:
    sent.acknowledge(syntax_file_of(GROUP, {"0002": "R"}))
    sent.mend(SECOND)
    sent.clock.advance(minutes=10)

    assert sent.look() == "submitted"
    assert sent.sent() == [list(CLAIMS), [SECOND]]
    assert sent.states() == dict.fromkeys(CLAIMS, "submitted")


def test_an_answer_that_comes_before_the_files_own_is_kept(world: Together) -> None:
    world.clearinghouse.faults = ["lost_answer"]
    world.look()
    world.acknowledge(syntax_file_of(GROUP, {"0001": "A", "0002": "R", "0003": "A"}))
    assert world.states() == {FIRST: "submitted", SECOND: "rejected", THIRD: "submitted"}
    world.clock.advance(minutes=5)

    world.look()

    assert world.states() == {FIRST: "submitted", SECOND: "rejected", THIRD: "submitted"}
    assert world.clearinghouse.looks == 0
    assert world.look() == "none_due"


def test_a_file_is_not_sent_again_once_a_claim_of_it_was_answered_for() -> None:
    world = Together(idempotency_window_hours=0)
    world.clearinghouse.faults = ["down"]
    world.look()
    world.acknowledge(front_door_file(Said(f"{FIRST}01", "A7:562:85")))
    world.clock.advance(minutes=5)

    assert world.look() == "parked"
    assert world.clearinghouse.received == []
    assert world.states() == {
        FIRST: "rejected",
        SECOND: "outcome_unknown",
        THIRD: "outcome_unknown",
    }
