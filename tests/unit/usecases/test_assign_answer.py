"""What nobody could place, or a person sees first, waits with its cash on the ledger until somebody decides."""

from dataclasses import replace

import pytest

from functions.billing.domain.claims.line_numbers import line_control_number
from functions.billing.domain.errors import ForbiddenTransitionError, RecordNotFoundError
from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.balances import prove
from functions.billing.domain.submission.attempt import Pointer
from tests.builders import CAUSE, encounter
from tests.fakes import Crash
from tests.unit.usecases.payer_files import Answered, Paid, answered, remittance_file
from tests.unit.usecases.world import CLAIM, PCN, World

FULL = answered({"CO-45": 5_200})
LOST = answered({"CO-45": 5_200}, pcn="NOTOURS", pccn="ICN9")
"""Every number is wrong; member, date and amount are those of our claim."""
BELOW_CONTRACT = answered({"CO-45": 8_000})


@pytest.fixture
def world() -> World:
    world = World()
    world.submitted()
    return world


def automation(world: World, mode: str) -> None:
    world.rule_sets.contents["automation"] = {
        "default": "automate",
        "settings": [{"step": "post_remittance", "payer_id": "BLUEPEAK", "mode": mode}],
    }


def unapplied(world: World) -> int:
    assert prove(world.postings()).holds
    return -world.account(Account.UNAPPLIED_REMITTANCE)


# Set aside ---------------------------------------------------------------------------------


def test_an_answer_without_our_numbers_is_set_aside_with_the_claim_it_may_be_about(
    world: World,
) -> None:
    assert world.pay(LOST) == "posted"

    aside = world.only("ASIDE")
    assert (aside["cause"], aside["proposed_claim_id"]) == ("only_a_weak_match", CLAIM)
    assert unapplied(world) == 9_800
    assert world.balance().insurance_cents == 15_000
    assert world.open_work() == {"remittance_only_a_weak_match": "finance"}


def test_answers_set_aside_are_counted_by_cause_with_their_batch(world: World) -> None:
    nobody = answered({}, pcn="NOTOURS", pccn="ICN8", charge_cents=1_234)

    world.pay(FULL, LOST, replace(nobody, pccn="ICN7"), nobody)

    batch = world.only("BATCH")
    assert batch["set_aside"] == {"only_a_weak_match": 1, "no_claim_found": 2}
    assert (batch["claims"], batch["matched"]) == (4, 1)


def test_an_answer_under_its_line_numbers_alone_finds_its_claim(world: World) -> None:
    line = Paid(split={"CO-45": 5_200}, line_id=line_control_number(PCN, "LINE-0001"))

    world.pay(Answered(pcn="0", pccn="ICN9", lines=(line,)))

    assert world.only("ANSWER")["basis"] == "line_control_number"
    assert world.balance().is_settled


def test_an_interrupted_batch_never_posts_to_a_claim_what_it_has_set_aside(world: World) -> None:
    reading = world.receive(remittance_file(LOST))
    world.records.forgets = True
    world.post(reading["batches"][0])
    world.records.forgets = False
    world.records.remember(Pointer(name="PCN", value="NOTOURS", target=CLAIM))

    world.post(reading["batches"][0])

    assert world.reconcile(reading["remittances"]) == "posted"
    assert world.account(Account.REMITTANCE_CLEARING) == 9_800
    assert unapplied(world) == 9_800


# Assigned ----------------------------------------------------------------------------------


def test_a_person_assigns_it_and_the_money_moves_from_unapplied_to_the_claim(world: World) -> None:
    world.pay(LOST)

    assert world.assign(1) == "posted"

    assert unapplied(world) == 0
    assert world.balance().is_settled
    assert world.account(Account.REMITTANCE_CLEARING) == 9_800
    assert world.open_work() == {}
    entry = next(
        one["body"]
        for one in world.records.tables.plain_items("audit")
        if one["pk"] == f"claim:{CLAIM}" and one["body"]["step"] == "assign_answer"
    )
    assert (entry["actor"], entry["is_person"], entry["reason"]) == ("kay", True, "the EOB says so")


def test_the_same_assignment_again_changes_nothing_and_another_is_refused(world: World) -> None:
    world.submitted(encounter(encounter_id="encounter-2"), claim_id="CTESTCLAIM02")
    world.pay(replace(LOST, lines=(Paid(charge_cents=15_000, split={"CO-45": 5_200}),)))
    world.assign(1)
    before = world.snapshot()

    assert world.assign(1) == "already_posted"
    with pytest.raises(ForbiddenTransitionError, match="answer_already_assigned"):
        world.assign(1, "CTESTCLAIM02")
    assert world.snapshot() == before


def test_an_assignment_that_is_interrupted_is_made_whole_by_the_next(world: World) -> None:
    world.pay(LOST)
    world.records.dies_at = 1
    with pytest.raises(Crash):
        world.assign(1)

    assert world.assign(1) == "posted"
    assert unapplied(world) == 0
    assert world.balance().paid_by_payer_cents == 9_800


def test_only_what_waits_can_be_assigned_and_only_to_a_claim_there_is(world: World) -> None:
    world.pay(FULL, LOST)

    with pytest.raises(ForbiddenTransitionError, match="answer_not_set_aside"):
        world.assign(1)
    with pytest.raises(RecordNotFoundError, match="claim_not_found"):
        world.assign(2, "CNOSUCHCLAIM")


def test_a_second_payment_for_the_claim_is_held_as_any_other_when_it_is_assigned(
    world: World,
) -> None:
    world.pay(FULL, LOST)

    world.assign(2)

    assert world.balance().credit_cents == 9_800
    assert world.open_work()["duplicate_payment"] == "finance"


# Reviewed by the payer's automation level --------------------------------------------------


def test_in_review_of_all_nothing_reaches_a_claim_before_a_person_saw_it(world: World) -> None:
    automation(world, "observe")

    assert world.pay(FULL) == "posted"

    assert world.only("ASIDE")["cause"] == "every_answer_is_reviewed"
    assert (unapplied(world), world.balance().insurance_cents) == (9_800, 15_000)
    assert world.only("BATCH")["matched"] == 1
    assert world.assign(1) == "posted"
    assert world.balance().is_settled


@pytest.mark.parametrize(
    ("said", "aside_cents"),
    [(FULL, 0), (answered({"CO-45": 5_200, "PR-3": 2_500}), 0), (BELOW_CONTRACT, 7_000)],
)
def test_semi_automatic_posts_what_is_as_expected_and_sets_the_rest_aside(
    world: World, said: Answered, aside_cents: int
) -> None:
    automation(world, "assist")

    world.pay(said)

    assert unapplied(world) == aside_cents


def test_an_answer_without_money_needs_no_review(world: World) -> None:
    automation(world, "observe")

    world.pay(answered({"CO-45": 15_000}, status="25"))

    assert world.of_kind("ASIDE") == []


def test_a_copy_of_a_payment_is_no_second_one_under_any_level(world: World) -> None:
    automation(world, "observe")
    world.pay(FULL)

    assert world.pay(FULL, name="again.x12", interchange=901) == "duplicate"
    assert unapplied(world) == 9_800


def test_posting_is_caused_by_the_same_event_for_all_of_a_batch(world: World) -> None:
    world.pay(FULL, LOST)

    causes = {
        item["cause_id"] for item in world.of_kind("HISTORY") if item["step"] == "post_remittance"
    }
    assert causes == {CAUSE.cause_id}
