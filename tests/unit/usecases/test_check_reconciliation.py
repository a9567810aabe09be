"""What got stuck or does not add up is found, and somebody owns it."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.ledger.accounts import Account
from functions.billing.usecases.check_reconciliation import (
    CheckReconciliation,
    check_reconciliation,
)
from functions.billing.usecases.submit_claim import SubmitClaim, submit_claim
from tests.builders import CAUSE, released_claim, rule_set_contents, store
from tests.fakes import FixedRuleSets
from tests.unit.usecases.payer_files import (
    Said,
    answered,
    front_door_file,
    remittance_file,
    syntax_file,
)
from tests.unit.usecases.world import CLAIM, PCN, World, caused_by

GROUP = "1"
PAID = answered({"CO-45": 5_200, "PR-3": 2_500})


@pytest.fixture
def world() -> World:
    world = World()
    world.submitted()
    return world


def check(world: World, cause_id: str = "due_1") -> dict[str, Any]:
    outcome = check_reconciliation(
        CheckReconciliation(),
        caused_by("reconciliation.due", cause_id),
        records=world.records,
        rule_sets=world.rule_sets,
        clock=world.clock,
    )
    assert outcome["outcome"] == "checked"
    return world.of_kind("RECONCILIATION")[-1]


def unknown_submission() -> World:
    world = World()
    released_claim(world.records)
    world.clearinghouse.faults = ["lost_answer"]
    submit_claim(SubmitClaim(claim_id=CLAIM), CAUSE, world.sending)
    return world


def test_a_day_without_findings_leaves_a_report_all_the_same(world: World) -> None:
    report = check(world)

    assert (report["claims_proved"], report["postings_proved"]) == (1, 1)
    assert report["imbalance_cents"] == 0
    assert world.open_work() == {}


def test_a_run_delivered_again_leaves_one_report(world: World) -> None:
    check(world)
    before = world.snapshot()

    check(world)

    assert world.snapshot() == before


# Silence -----------------------------------------------------------------------------------


def test_a_claim_without_a_999_is_work_for_billing_once_and_is_awaited_further(
    world: World,
) -> None:
    world.clock.advance(hours=24, seconds=1)

    assert check(world, "due_1")["acknowledgements_overdue"] == 1
    assert check(world, "due_2")["acknowledgements_overdue"] == 0
    assert world.open_work() == {"syntax_acknowledgement_overdue": "billing"}
    assert world.records.events("claim.status.due") == []

    world.clock.advance(days=2)
    assert check(world, "due_3")["acknowledgements_overdue"] == 1
    assert "acknowledgement_overdue" in world.open_work()


def test_a_claim_nobody_acknowledged_in_three_days_is_work_for_billing_once(world: World) -> None:
    world.acknowledge(syntax_file(GROUP))
    world.clock.advance(days=3, seconds=1)

    assert check(world, "due_1")["acknowledgements_overdue"] == 1
    assert check(world, "due_2")["acknowledgements_overdue"] == 0

    assert world.open_work() == {"acknowledgement_overdue": "billing"}
    assert world.claim().state is ClaimState.SUBMITTED
    assert world.event("claim.status.due") == {"claim_id": CLAIM, "payer": "BLUEPEAK"}


def test_silence_is_borne_as_long_as_the_payers_policy_says(world: World) -> None:
    contents = rule_set_contents()
    for payer in contents["payer_policies"]["payers"]:
        payer["follow_up"] = {**payer["follow_up"], "front_door_days": 9}
    world.rule_sets = FixedRuleSets(contents)
    world.acknowledge(syntax_file(GROUP))
    world.clock.advance(days=8)
    assert check(world, "due_1")["acknowledgements_overdue"] == 0
    world.clock.advance(days=2)

    assert check(world, "due_2")["acknowledgements_overdue"] == 1


def test_a_silent_claim_is_asked_about_again_at_the_payers_pace(world: World) -> None:
    world.acknowledge(syntax_file(GROUP))
    world.clock.advance(days=4)
    check(world, "due_1")
    world.clock.advance(days=6)
    assert check(world, "due_2")["statuses_due"] == 0
    world.clock.advance(days=2)

    assert check(world, "due_3")["statuses_due"] == 1
    assert len(world.records.events("claim.status.due")) == 2


def test_a_claim_only_received_is_still_awaited(world: World) -> None:
    world.acknowledge(front_door_file(Said(PCN, "A1:19")))
    world.clock.advance(days=4)

    assert check(world)["acknowledgements_overdue"] == 1


def test_an_accepted_claim_without_payment_is_asked_about_after_the_payers_time(
    world: World,
) -> None:
    world.acknowledge(front_door_file(Said(PCN, "A2:20")))
    world.clock.advance(days=29)
    assert check(world, "due_1")["remittances_overdue"] == 0
    world.clock.advance(days=2)

    assert check(world, "due_2")["remittances_overdue"] == 1
    assert world.open_work() == {"remittance_overdue": "billing"}


def test_a_paid_claim_is_awaited_no_longer(world: World) -> None:
    world.acknowledge(front_door_file(Said(PCN, "A2:20")))
    world.pay(PAID)
    world.deposit(7_300)
    world.clock.advance(days=60)

    report = check(world)

    assert (report["remittances_overdue"], report["acknowledgements_overdue"]) == (0, 0)
    assert world.open_work() == {}


# Timely filing -----------------------------------------------------------------------------


def rejected_long_ago() -> World:
    """Turned away at the door, and nobody has mended it: the payer's limit is 180 days after the service."""
    world = World()
    claim = released_claim(world.records)
    file_by = claim.service_on + timedelta(days=180)
    store(world.records, replace(claim, file_by=file_by))
    submit_claim(SubmitClaim(claim_id=CLAIM), CAUSE, world.sending)
    world.acknowledge(front_door_file(Said(PCN, "A7:562:85")))
    return world


def test_a_claim_that_is_not_filed_forces_a_decision_and_escalates() -> None:
    world = rejected_long_ago()
    file_by = world.claim().file_by
    assert file_by is not None
    found = []
    for name, days in (("early", -40), ("warning", -30), ("same", -20), ("last", -3), ("over", 1)):
        world.clock.at = datetime.combine(file_by + timedelta(days=days), time(12), tzinfo=UTC)
        found.append(check(world, name)["filings_due"])

    assert found == [0, 1, 0, 1, 1]
    forced = {reason for reason in world.open_work() if reason.startswith("timely_filing")}
    assert forced == {"timely_filing_at_risk", "timely_filing_last_days", "timely_filing_missed"}
    assert world.open_work()["timely_filing_last_days"] == "finance"


def test_a_claim_that_was_filed_in_time_forces_nothing(world: World) -> None:
    world.acknowledge(front_door_file(Said(PCN, "A2:20")))
    world.clock.advance(days=200)

    assert check(world)["filings_due"] == 0


def test_an_answer_ends_the_search_for_it(world: World) -> None:
    world.acknowledge(syntax_file(GROUP))
    world.clock.advance(days=4)
    check(world)
    assert world.open_work() == {"acknowledgement_overdue": "billing"}

    world.acknowledge(front_door_file(Said(PCN, "A2:20")))

    assert world.open_work() == {}
    assert world.event("work_item.resolved")["resolution"] == "payer_answered"


# Money -------------------------------------------------------------------------------------


def test_a_payment_that_was_read_and_never_posted_is_work_for_engineering(world: World) -> None:
    world.receive(remittance_file(PAID))
    assert check(world, "due_1")["remittances_unposted"] == 0
    world.clock.advance(hours=2)

    assert check(world, "due_2")["remittances_unposted"] == 1
    assert world.open_work() == {"remittance_not_posted": "engineering"}


def test_a_quarantined_payment_is_known_and_not_reported_as_unposted(world: World) -> None:
    world.receive(remittance_file(PAID, payment_cents=1))
    world.clock.advance(hours=2)

    assert check(world)["remittances_unposted"] == 0


def test_a_payment_whose_money_never_came_is_work_for_finance(world: World) -> None:
    world.pay(PAID)
    world.clock.advance(days=5, seconds=1)

    assert check(world)["deposits_missing"] == 1
    assert world.open_work() == {"deposit_missing": "finance"}


def test_money_without_a_remittance_is_work_for_finance(world: World) -> None:
    world.deposit(7_300)
    assert check(world, "due_1")["deposits_waiting"] == 1
    assert world.open_work() == {}
    world.clock.advance(days=5, seconds=1)

    check(world, "due_2")
    check(world, "due_3")

    assert world.open_work()["deposit_without_remittance"] == "finance"
    reasons = [work["reason"] for work in world.of_kind("WORK")]
    assert reasons.count("deposit_without_remittance") == 1


def test_a_remittance_that_comes_late_still_meets_its_deposit_and_ends_the_search(
    world: World,
) -> None:
    world.deposit(7_300)
    world.clock.advance(days=6)
    check(world, "due_1")
    world.pay(PAID)

    check(world, "due_2")

    assert world.only("DEPOSIT")["state"] == "matched"
    assert world.account(Account.REMITTANCE_CLEARING) == 0
    assert world.open_work() == {}


def test_a_payment_without_money_awaits_no_deposit(world: World) -> None:
    world.pay(answered({"CO-45": 5_200, "PR-1": 9_800}))
    world.clock.advance(days=30)

    assert check(world)["deposits_missing"] == 0


# The ledger --------------------------------------------------------------------------------


def tamper(world: World, cents: int) -> None:
    """Somebody with the table's keys changes an entry."""
    items = world.records.tables.tables["records"]
    (key,) = [key for key in items if key[1].startswith("POSTING#charge")]
    entry = items[key]["posting"]["M"]["entries"]["L"][0]["M"]
    entry["amount_cents"] = {"N": str(int(entry["amount_cents"]["N"]) + cents)}


def test_a_posting_that_was_changed_is_found_and_told_to_engineering_once(world: World) -> None:
    tamper(world, 700)

    assert check(world, "due_1")["imbalance_cents"] == 700
    assert check(world, "due_2")["imbalance_cents"] == 700

    assert world.open_work() == {"ledger_out_of_balance": "engineering"}
    (work,) = world.of_kind("WORK")
    assert work["fields"] == [f"charge|{CLAIM}|1"]


def test_last_months_claims_are_proved_too(world: World) -> None:
    world.clock.at += timedelta(days=31)

    assert check(world)["claims_proved"] == 1
