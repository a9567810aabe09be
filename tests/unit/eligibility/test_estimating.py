"""An estimate says where each amount comes from: the contract, what the payer allowed of late, or the charge."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from functions.billing.domain.eligibility.allowed import AllowedSample
from functions.billing.domain.eligibility.benefits import PatientEstimate, PlannedService
from functions.billing.domain.eligibility.coverages import Visit
from functions.billing.domain.eligibility.records import (
    Benefit,
    BenefitKind,
    CoverageState,
    EligibilityResult,
    Network,
)
from functions.billing.domain.rules.policy import payer_policies
from functions.billing.usecases.estimating import Estimating
from tests.builders import COVERAGE, rule_set_contents
from tests.fakes import NOON, InMemoryRecords
from tests.unit.usecases.payer_files import answered
from tests.unit.usecases.world import World

VISIT = Visit(
    appointment_id="A1",
    patient_id="P1",
    heard_at=NOON,
    starts_at=datetime(2026, 3, 20, 14, tzinfo=UTC),
    planned=(PlannedService(procedure="99213", units=1, charge_cents=15_000),),
)
ANSWER = EligibilityResult(
    coverage_id="coverage-1",
    payer_id="BLUEPEAK",
    checked_at=NOON,
    service_date=date(2026, 3, 20),
    state=CoverageState.ACTIVE,
    benefits=(Benefit(kind=BenefitKind.COPAY, amount_cents=100_000, network=Network.IN),),
)


def policies_without_contract() -> dict[str, Any]:
    content: dict[str, Any] = rule_set_contents()["payer_policies"]
    payers = [
        {**each, "contracts": []} if each["payer_id"] == "BLUEPEAK" else each
        for each in content["payers"]
    ]
    return {**content, "payers": payers}


def estimated(records: InMemoryRecords, *, contract: bool = False) -> PatientEstimate:
    content = rule_set_contents()["payer_policies"] if contract else policies_without_contract()
    return Estimating(records, payer_policies(content)).of_visit(VISIT, COVERAGE, ANSWER)


def remember(records: InMemoryRecords, *cents: int, ago: timedelta = timedelta(days=3)) -> None:
    for number, unit_cents in enumerate(cents):
        sample = AllowedSample(
            payer_id="BLUEPEAK",
            procedure="99213",
            claim_id=f"C{number}",
            line_id="1",
            answered_at=NOON - ago,
            unit_cents=unit_cents,
        )
        assert records.remember(sample)


def test_a_contract_goes_before_history() -> None:
    records = InMemoryRecords()
    remember(records, 7_000, 7_000, 7_000)

    made = estimated(records, contract=True)

    assert (made.allowed_cents, made.allowed[0].how) == (9_800, "contract bluepeak-example-2")


def test_without_a_contract_the_middle_of_what_was_allowed_of_late_stands_in() -> None:
    records = InMemoryRecords()
    remember(records, 6_000, 9_000, 8_000, 30_000)

    made = estimated(records)

    assert made.allowed_cents == 8_000
    assert made.allowed[0].how == "median of 4 answers of this payer"
    assert not [gap for gap in made.gaps if gap.startswith("no_contract_amount")]


def test_two_answers_or_old_ones_are_no_history_and_the_charge_stands_in_as_a_gap() -> None:
    records = InMemoryRecords()
    remember(records, 6_000, 9_000)
    remember(records, 5_000, 5_000, 5_000, ago=timedelta(days=200))

    made = estimated(records)

    assert made.allowed_cents == 15_000
    assert "no_contract_amount:1" in made.gaps


def test_what_a_payer_allows_is_remembered_only_where_no_contract_says_it() -> None:
    for content, remembered in ((policies_without_contract(), 1), (None, 0)):
        world = World()
        if content:
            world.rule_sets.contents["payer_policies"] = content
        world.submitted()
        world.pay(answered({"CO-45": 5_200}))

        assert len(world.of_kind("ALLOWED")) == remembered


def test_the_estimate_is_no_more_than_the_charge() -> None:
    records = InMemoryRecords()
    remember(records, 20_000, 20_000, 20_000)

    made = estimated(records)

    assert made.allowed_cents == 15_000
    assert replace(made, steps=()).patient_cents == 15_000
