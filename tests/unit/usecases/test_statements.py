"""What a patient owes is told when it changes, and a statement says for what, why and since when."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.claims.revisions import StoredContent
from functions.billing.domain.encounters import BillingEncounter, EncounterState
from functions.billing.domain.statements import PatientStatement, aging, patient_statement
from functions.billing.usecases.adjust_balance import AdjustBalance, adjust_balance
from functions.billing.usecases.postings import postings_of
from tests.unit.usecases.payer_files import answered, reversed_answer
from tests.unit.usecases.world import CLAIM, World, caused_by

SHARED = answered({"CO-45": 5_200, "PR-1": 2_000, "PR-3": 500})


@pytest.fixture
def world() -> World:
    world = World()
    world.submitted()
    encounter = BillingEncounter(
        encounter_id="encounter-1",
        document_key="ehr/1",
        document_sha256="0" * 64,
        heard_at=world.clock.now(),
        state=EncounterState.BILLED,
        claim_ids=(CLAIM,),
    )
    world.records.remember(encounter)
    return world


def changes(world: World) -> list[tuple[int, int]]:
    """Balance and change of each event, in no order: the outbox is sorted by id."""
    return sorted(
        (event["data"]["balance_cents"], event["data"]["change_cents"])
        for event in world.records.events("patient.balance.changed")
    )


def adjust(world: World, cents: int, reason: str, name: str = "A1") -> str:
    command = AdjustBalance(
        adjustment_id=name, encounter_id="encounter-1", amount_cents=cents, reason_code=reason
    )
    cause = caused_by("balance.adjusted", f"evt_{name}")
    outcome = adjust_balance(command, cause, records=world.records, clock=world.clock)
    return str(outcome["outcome"])


def stated(world: World, *, after: timedelta = timedelta(0)) -> PatientStatement:
    content = world.records.get(StoredContent, StoredContent.key_of(CLAIM, 1))
    assert content is not None
    return patient_statement(
        "patient-1",
        [(content.content, postings_of(world.records, CLAIM))],
        stated_on=world.clock.now().date() + after,
    )


def test_every_change_of_what_a_patient_owes_is_told_once(world: World) -> None:
    world.pay(SHARED)
    adjust(world, 1_500, "card_payment")
    world.pay(reversed_answer(SHARED), name="undo.x12", trace="EFT2")

    assert changes(world) == [(-1_500, -2_500), (1_000, -1_500), (2_500, 2_500)]


def test_an_answer_that_leaves_nothing_to_the_patient_says_nothing(world: World) -> None:
    world.pay(answered({"CO-45": 5_200}))

    assert changes(world) == []


def test_a_statement_says_what_was_charged_who_bore_it_and_why_the_rest_is_the_patients(
    world: World,
) -> None:
    world.pay(SHARED)
    adjust(world, 1_500, "card_payment")

    (visit,) = stated(world).claims

    (line,) = visit.lines
    assert (line.procedure, line.charge_cents) == ("99213", 15_000)
    assert (line.paid_by_payers_cents, line.adjusted_cents) == (7_300, 5_200)
    assert line.reasons == {"deductible": 2_000, "copay": 500}
    assert (visit.patient_share_cents, visit.received_cents, visit.balance_cents) == (
        2_500,
        1_500,
        1_000,
    )


def test_a_balance_ages_from_the_day_it_became_the_patients(world: World) -> None:
    world.pay(SHARED)

    assert stated(world).aging.current_cents == 2_500
    assert stated(world, after=timedelta(days=95)).aging.over_90_cents == 2_500


def test_who_owes_nothing_gets_an_empty_statement(world: World) -> None:
    world.pay(SHARED)
    adjust(world, 2_500, "card_payment")

    assert (stated(world).claims, stated(world).balance_cents) == ((), 0)


@given(st.lists(st.tuples(st.dates(date(2025, 1, 1), date(2026, 3, 2)), st.integers(1, 10**7))))
def test_every_cent_has_one_age(owed: list[tuple[date, int]]) -> None:
    assert aging(owed, date(2026, 3, 2)).total_cents == sum(cents for _, cents in owed)


# The refund path -----------------------------------------------------------------------------


def test_a_payment_made_twice_is_refunded_when_finance_says_so_and_never_more(
    world: World,
) -> None:
    paid = answered({"CO-45": 5_200})
    world.pay(paid)
    world.pay(paid, name="twice.x12", trace="EFT2")
    assert world.balance().credit_cents == 9_800

    assert adjust(world, 9_801, "refund_paid", "A1") == "unmatched"
    assert adjust(world, 9_800, "refund_paid", "A2") == "posted"

    assert world.balance().credit_cents == 0
    assert world.balance().is_settled


def test_a_takeback_of_a_second_payment_settles_its_credit(world: World) -> None:
    paid = answered({"CO-45": 5_200})
    world.pay(paid)
    world.pay(paid, name="twice.x12", trace="EFT2")
    world.pay(
        name="takeback.x12", trace="EFT3", provider_level={"WO:ICN0001": 9_800, "FB:X": -9_800}
    )

    assert adjust(world, 9_800, "credit_taken_back") == "posted"

    assert world.balance().is_settled


def test_an_underpayment_that_is_accepted_becomes_contractual(world: World) -> None:
    world.pay(answered({"CO-45": 8_000}))
    open_cents = world.balance().insurance_cents

    assert adjust(world, open_cents, "contractual_accepted") == "posted"

    assert world.balance().is_settled
