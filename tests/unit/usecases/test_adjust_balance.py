"""An adjustment of the EHR's staff moves exactly one balance, once, or is work for finance."""

import pytest

from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import Actor, Commit
from functions.billing.domain.encounters import BillingEncounter, EncounterState
from functions.billing.domain.ledger.accounts import Account
from functions.billing.usecases.adjust_balance import AdjustBalance, adjust_balance
from tests.builders import CAUSE
from tests.fakes import NOON
from tests.unit.usecases.payer_files import answered
from tests.unit.usecases.world import CLAIM, World


def with_encounter(world: World) -> None:
    encounter = BillingEncounter(
        encounter_id="encounter-1",
        document_key="ehr/1.json",
        document_sha256="a" * 64,
        heard_at=NOON,
        state=EncounterState.BILLED,
        claim_ids=(CLAIM,),
    )
    world.records.commit(
        Commit(
            step="test", cause=CAUSE, actor=Actor("test"), at=NOON, root=encounter, decision="given"
        )
    )


@pytest.fixture
def world() -> World:
    """The payer has paid; the patient owes 2,500 cents."""
    world = World()
    world.submitted()
    with_encounter(world)
    world.pay(answered({"CO-45": 5_200, "PR-3": 2_500}))
    return world


def adjust(
    world: World,
    cents: int,
    reason: str = "patient_payment",
    *,
    adjustment_id: str = "ADJ1",
    encounter_id: str = "encounter-1",
) -> str:
    command = AdjustBalance(
        adjustment_id=adjustment_id,
        encounter_id=encounter_id,
        amount_cents=cents,
        reason_code=reason,
    )
    return str(adjust_balance(command, CAUSE, records=world.records, clock=world.clock)["outcome"])


def test_a_patients_payment_is_cash_and_closes_the_claim(world: World) -> None:
    assert adjust(world, 2_500) == "posted"

    assert world.account(Account.CASH) == 2_500
    assert world.balance().patient_cents == 0
    assert world.claim().state is ClaimState.CLOSED
    assert world.event("balance.reconciled") == {"reference": CLAIM, "amount_cents": 2_500}


def test_a_part_payment_leaves_the_claim_open(world: World) -> None:
    adjust(world, 1_000)

    assert world.balance().patient_cents == 1_500
    assert world.claim().state is ClaimState.ADJUDICATED


def test_a_write_off_of_the_patients_share_is_no_cash(world: World) -> None:
    assert adjust(world, 2_500, "small_balance") == "posted"

    assert world.account(Account.WRITE_OFF) == 2_500
    assert world.account(Account.CASH) == 0


def test_a_denied_amount_can_be_written_off_the_insurance() -> None:
    world = World()
    world.submitted()
    with_encounter(world)
    world.pay(answered({"CO-197": 15_000}, status="4"))

    assert adjust(world, 15_000, "denial_accepted") == "posted"
    assert world.balance().insurance_cents == 0
    assert world.claim().state is ClaimState.CLOSED


@pytest.mark.parametrize("cents", [2_500, 1_000])
def test_an_adjustment_heard_twice_is_posted_once(world: World, cents: int) -> None:
    adjust(world, cents)
    before = world.snapshot()

    assert adjust(world, cents) == "already_posted"
    assert world.snapshot() == before


@pytest.mark.parametrize(
    ("cents", "reason"),
    [(2_501, "patient_payment"), (2_501, "small_balance"), (0, "small_balance"), (-100, "fee")],
)
def test_an_adjustment_that_fits_no_balance_is_work_for_finance(
    world: World, cents: int, reason: str
) -> None:
    assert adjust(world, cents, reason) == "unmatched"

    assert world.balance().patient_cents == 2_500
    assert world.open_work() == {"adjustment_unmatched": "finance"}


def test_a_patients_money_is_never_written_off_the_insurance() -> None:
    world = World()
    world.submitted()
    with_encounter(world)

    assert adjust(world, 2_500) == "unmatched"
    assert world.account(Account.WRITE_OFF) == 0


def test_an_adjustment_for_an_encounter_nobody_knows_is_one_piece_of_work(world: World) -> None:
    assert adjust(world, 100, encounter_id="encounter-9") == "unmatched"
    assert adjust(world, 100, encounter_id="encounter-9") == "unmatched"

    assert len(world.of_kind("WORK")) == 1
