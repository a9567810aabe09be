"""Each line of a payment is posted once, in double entry, and the claim's balance is what its postings say."""

import copy
from dataclasses import replace

import pytest

from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.balances import prove
from functions.billing.domain.records import CoverageRank
from functions.billing.usecases.submit_claim import SubmitClaim, submit_claim
from tests.builders import CAUSE, COVERAGE, VISIT_LINE, encounter, released_claim
from tests.fakes import Crash
from tests.unit.usecases.payer_files import (
    Answered,
    Paid,
    Said,
    answered,
    front_door_file,
    remittance_file,
    reversed_answer,
)
from tests.unit.usecases.world import CLAIM, PCN, World

FULL = answered({"CO-45": 5_200})
WITH_COPAY = answered({"CO-45": 5_200, "PR-3": 2_500})
DENIED = answered({"CO-197": 15_000}, status="4", remarks=("M62",))
TO_THE_PATIENT = answered({"CO-45": 5_200, "PR-1": 9_800})
PART_DENIED = Answered(
    lines=(
        Paid(split={"CO-45": 5_200}),
        Paid(line_id="LINE-0002", procedure="93000", charge_cents=4_500, split={"CO-97": 4_500}),
    )
)
TWO_LINES = encounter(
    charges=(
        VISIT_LINE,
        replace(VISIT_LINE, line_id="LINE-0002", procedure="93000", charge_cents=4_500),
    )
)


@pytest.fixture
def world() -> World:
    world = World()
    world.submitted()
    return world


def facts(world: World) -> dict[str, int]:
    """A claim's balance, and the proof that the ledger as a whole holds."""
    assert prove(world.postings()).holds
    balance = world.balance()
    return {
        "paid": balance.paid_by_payer_cents,
        "contractual": balance.contractual_cents,
        "patient": balance.patient_cents,
        "insurance": balance.insurance_cents,
    }


# Answers -----------------------------------------------------------------------------------


def test_a_full_payment_closes_the_claim(world: World) -> None:
    assert world.pay(FULL) == "posted"

    assert facts(world) == {"paid": 9_800, "contractual": 5_200, "patient": 0, "insurance": 0}
    claim = world.claim()
    assert (claim.state, claim.adjudication) == (ClaimState.CLOSED, "paid")
    assert claim.closed_at == world.clock.now()
    assert world.account(Account.REMITTANCE_CLEARING) == 9_800
    assert world.open_work() == {}
    assert world.event("remittance.posted")["paid_cents"] == 9_800


def test_what_the_patient_owes_keeps_the_claim_open(world: World) -> None:
    world.pay(WITH_COPAY)

    assert facts(world) == {"paid": 7_300, "contractual": 5_200, "patient": 2_500, "insurance": 0}
    assert world.claim().state is ClaimState.ADJUDICATED


def test_a_payment_of_nothing_leaves_all_of_it_to_the_patient(world: World) -> None:
    world.pay(TO_THE_PATIENT)

    assert facts(world) == {"paid": 0, "contractual": 5_200, "patient": 9_800, "insurance": 0}
    assert world.of_kind("DENIAL") == []


def test_a_payment_below_the_contract_is_posted_and_a_person_asks_for_the_rest(
    world: World,
) -> None:
    world.pay(answered({"CO-45": 8_000}))

    assert facts(world)["paid"] == 7_000
    assert world.open_work()["underpayment"] == "finance"


def test_a_payer_without_a_contract_is_told_once_and_its_payments_are_posted() -> None:
    world = World()
    policies = copy.deepcopy(world.rule_sets.contents["payer_policies"])
    policies["payers"][0]["contracts"] = []
    world.rule_sets.contents["payer_policies"] = policies
    world.submitted()
    world.submitted(encounter(encounter_id="encounter-2"), claim_id="CTESTCLAIM02")

    world.pay(FULL, replace(FULL, pcn="CTESTCLAIM0201", pccn="ICN0002"))

    assert world.open_work() == {"contract_missing": "finance"}
    assert [work["about"] for work in world.of_kind("WORK")] == ["payer:BLUEPEAK"]
    assert facts(world)["paid"] == 9_800


def test_a_denied_claim_opens_a_denial_and_stays_with_the_payer(world: World) -> None:
    world.pay(DENIED)

    assert facts(world) == {"paid": 0, "contractual": 0, "patient": 0, "insurance": 15_000}
    denial = world.only("DENIAL")
    assert (denial["amount_cents"], denial["is_first_pass"]) == (15_000, True)
    assert world.event("denial.received")["denial_id"] == denial["denial_id"]
    claim = world.claim()
    assert (claim.state, claim.first_pass_denied) == (ClaimState.ADJUDICATED, True)


def test_a_denied_line_is_a_denial_of_that_line_only() -> None:
    world = World()
    world.submitted(TWO_LINES)

    world.pay(PART_DENIED)

    assert facts(world) == {"paid": 9_800, "contractual": 5_200, "patient": 0, "insurance": 4_500}
    (line,) = world.only("DENIAL")["lines"]
    assert (line["line_id"], line["denied_cents"]) == ("LINE-0002", 4_500)


def test_a_claim_with_another_insurance_bills_the_next_payer_and_not_the_patient() -> None:
    world = World()
    secondary = replace(COVERAGE, coverage_id="coverage-2", rank=CoverageRank.SECONDARY)
    world.submitted(encounter(coverages=(COVERAGE, secondary)))

    world.pay(WITH_COPAY)

    assert world.balance().next_payer_cents == 2_500
    assert world.balance().patient_cents == 0


# Once --------------------------------------------------------------------------------------


ANSWERS = {
    "paid": FULL,
    "patient": WITH_COPAY,
    "denied": DENIED,
    "short": answered({"CO-45": 8_000}),
    "predetermined": answered({"CO-45": 15_000}, status="25"),
    "forwarded": answered({"OA-22": 15_000}, status="23"),
    "pended": answered({"OA-133": 15_000}),
    "other charge": answered({"CO-45": 5_200}, charge_cents=14_000),
    "down-coded": answered({"CO-45": 5_200}, procedure="99212", submitted="99213"),
    "reversal of nothing": reversed_answer(FULL),
    "nobody's": answered({}, pcn="NOTOURS", pccn="ICN9"),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_batch_delivered_again_posts_nothing_twice(world: World, answer: str) -> None:
    (batch,) = world.receive(remittance_file(ANSWERS[answer]))["batches"]
    first = world.post(batch)
    before = world.snapshot()

    assert world.post(batch) == first
    assert world.snapshot() == before


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_batch_that_died_after_its_last_claim_is_taken_up_without_posting_twice(
    world: World, answer: str
) -> None:
    (batch,) = world.receive(remittance_file(ANSWERS[answer]))["batches"]
    world.records.forgets = True
    world.post(batch)
    postings, works = world.postings(), len(world.of_kind("WORK"))
    world.records.forgets = False

    world.post(batch)

    assert (world.postings(), len(world.of_kind("WORK"))) == (postings, works)
    assert world.only("BATCH")["claims"] == 1


@pytest.mark.parametrize("answer", ANSWERS)
def test_whatever_the_answer_the_ledger_holds_and_the_file_reconciles(
    world: World, answer: str
) -> None:
    assert world.pay(ANSWERS[answer]) == "posted"

    assert prove(world.postings()).holds
    paid = sum(claim.paid_cents for claim in (ANSWERS[answer],))
    assert world.account(Account.REMITTANCE_CLEARING) == paid


def test_a_payment_delivered_again_in_two_batches_after_a_crash_counts_each_claim_once(
    world: World,
) -> None:
    world.submitted(claim_id="CTESTCLAIM02", visit=encounter(encounter_id="encounter-2"))
    second = answered({"CO-45": 5_200}, pcn="CTESTCLAIM0201", pccn="ICN2")
    reading = world.receive(remittance_file(FULL, second))
    (batch,) = reading["batches"]
    world.records.dies_at = 2
    with pytest.raises(Crash):
        world.post(batch)

    world.post(batch)

    assert world.reconcile(reading["remittances"]) == "posted"
    assert world.only("BATCH")["posted_cents"] == 19_600
    assert world.account(Account.REMITTANCE_CLEARING) == 19_600


def test_the_same_answer_in_a_second_payment_is_money_to_give_back(world: World) -> None:
    world.pay(FULL, name="first.x12")

    world.pay(FULL, name="second.x12", trace="EFT2")

    assert facts(world)["insurance"] == 0
    assert world.balance().credit_cents == 9_800
    assert world.account(Account.REFUNDS_PAYABLE) == -9_800
    assert world.open_work()["duplicate_payment"] == "finance"
    assert world.claim().state is ClaimState.ADJUDICATED


# Change of mind ----------------------------------------------------------------------------


def test_a_reversal_and_its_correction_leave_what_the_correction_says(world: World) -> None:
    world.pay(FULL, name="first.x12")

    world.pay(reversed_answer(FULL), WITH_COPAY, name="second.x12", trace="EFT2")

    assert facts(world) == {"paid": 7_300, "contractual": 5_200, "patient": 2_500, "insurance": 0}
    assert world.claim().state is ClaimState.ADJUDICATED
    assert world.claim().closed_at is None
    assert world.account(Account.REMITTANCE_CLEARING) == 7_300


def test_a_correction_that_comes_before_its_reversal_waits_for_it(world: World) -> None:
    corrected = answered({"CO-45": 5_200, "PR-3": 2_500}, remarks=("MA67",))
    world.pay(FULL, name="first.x12")
    world.pay(corrected, name="second.x12", trace="EFT2")
    assert "correction_before_reversal" in world.open_work()
    assert world.balance().credit_cents == 7_300

    world.pay(reversed_answer(FULL), name="third.x12", trace="EFT3", payment_cents=-9_800)

    assert facts(world) == {"paid": 7_300, "contractual": 5_200, "patient": 2_500, "insurance": 0}


def test_a_denial_overturned_by_a_correction_is_resolved_with_what_came_back(
    world: World,
) -> None:
    world.pay(DENIED, name="first.x12")

    world.pay(reversed_answer(DENIED), FULL, name="second.x12", trace="EFT2")

    denial = world.only("DENIAL")
    assert denial["state"] == "resolved"
    assert (denial["resolution"], denial["recovered_cents"]) == ("paid_after_correction", 9_800)


# Matching ----------------------------------------------------------------------------------


def test_money_for_nobody_is_on_the_ledger_and_a_person_looks_for_its_claim(world: World) -> None:
    assert world.pay(answered({}, pcn="NOTOURS", pccn="ICN9")) == "posted"

    assert world.account(Account.UNAPPLIED_REMITTANCE) == -15_000
    assert world.account(Account.REMITTANCE_CLEARING) == 15_000
    (reason,) = world.open_work()
    assert reason.startswith("remittance_")
    assert world.only("REMITTANCE").get("matched", 0) == 0


def test_a_reversal_that_lost_our_number_is_found_by_the_payers(world: World) -> None:
    world.pay(FULL, name="first.x12")

    lost = replace(reversed_answer(FULL), pcn="0")
    world.pay(lost, name="second.x12", trace="EFT2", payment_cents=-9_800)

    assert facts(world)["paid"] == 0


def test_a_remittance_proves_a_submission_nobody_answered_for() -> None:
    world = World()
    released_claim(world.records)
    world.clearinghouse.faults = ["lost_answer"]
    submit_claim(SubmitClaim(claim_id=CLAIM), CAUSE, world.sending)

    world.pay(FULL)

    assert world.claim().state is ClaimState.CLOSED
    assert world.claim().submitted_at is not None
    assert world.only("ATTEMPT")["answer_code"] == "proven_by_remittance"
    assert facts(world) == {"paid": 9_800, "contractual": 5_200, "patient": 0, "insurance": 0}


def test_money_for_a_rejected_claim_is_posted_all_the_same(world: World) -> None:
    world.acknowledge(front_door_file(Said(PCN, "A7:562:85")))

    world.pay(FULL)

    assert world.claim().state is ClaimState.CLOSED
    assert facts(world)["paid"] == 9_800


# Provider level ----------------------------------------------------------------------------


def test_a_takeback_is_booked_against_the_claim_it_names_and_finance_checks_it(
    world: World,
) -> None:
    world.pay(FULL, provider_level={"WO:ICN0001": 3_000})

    assert world.account(Account.REMITTANCE_CLEARING) == 6_800
    assert world.account(Account.PAYER_RECOUPMENT) == 3_000
    work = next(work for work in world.of_kind("WORK") if work["reason"] == "payer_takeback")
    assert (work["about"], work["amount_cents"]) == (f"claim:{CLAIM}", 3_000)


def test_a_payment_with_a_hundred_takebacks_closes_in_one_transaction(world: World) -> None:
    kept = {f"WO:ICN{number:04d}": 10 for number in range(100)}

    assert world.pay(FULL, provider_level=kept) == "posted"

    assert world.account(Account.PAYER_RECOUPMENT) == 1_000
    (work,) = world.of_kind("WORK")
    assert (work["reason"], work["amount_cents"]) == ("payer_takebacks", 1_000)


def test_interest_is_income_and_nobody_needs_to_look(world: World) -> None:
    world.pay(FULL, provider_level={"L6:": -123})

    assert world.account(Account.INTEREST_INCOME) == -123
    assert world.account(Account.REMITTANCE_CLEARING) == 9_923


def test_a_payment_whose_batches_are_not_all_posted_is_an_exception(world: World) -> None:
    claims = [FULL, *(answered({}, pcn=f"P{number}", pccn=f"I{number}") for number in range(100))]
    reading = world.receive(remittance_file(*claims))
    world.post(reading["batches"][0])

    assert world.reconcile(reading["remittances"]) == "exception"

    assert world.event("remittance.exception")["reasons"] == ["totals_disagree"]
    assert "remittance_totals_disagree" in world.open_work()


def test_a_payment_is_reconciled_once(world: World) -> None:
    reading = world.receive(remittance_file(FULL))
    world.post(reading["batches"][0])
    world.reconcile(reading["remittances"])
    before = world.snapshot()

    assert world.reconcile(reading["remittances"]) == "posted"
    assert world.snapshot() == before


def test_a_claim_of_many_lines_is_posted_in_one_transaction() -> None:
    world = World()
    charges = tuple(
        replace(VISIT_LINE, line_id=f"LINE-{number:04d}", charge_cents=1_000)
        for number in range(1, 51)
    )
    world.submitted(encounter(charges=charges))
    lines = tuple(
        Paid(line_id=charge.line_id, charge_cents=1_000, split={"CO-45": 300, "PR-3": 200})
        for charge in charges
    )
    (batch,) = world.receive(remittance_file(Answered(lines=lines)))["batches"]
    first = world.post(batch)

    assert world.post(batch) == first
    assert facts(world)["paid"] == 25_000
    assert facts(world)["patient"] == 10_000
