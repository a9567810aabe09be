"""What the product would send on the built-in day gets the scripted answer from the simulator."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from functions.billing.domain.claims.assemble import assemble
from functions.billing.domain.rules import payer_policies
from functions.billing.domain.submission.trading_partner import TradingPartner
from functions.billing.edi.claim_837 import WireNumbers, write_claim
from functions.billing.fhir import encounter_from_bundle, mapping_tables, read_bundle
from local.day import Day, EhrEvent, Expectation, Reception, build_day
from local.payer_simulator.delivery import deliver, pending
from local.payer_simulator.report import report
from local.payer_simulator.simulator import Simulator
from local.payer_simulator.world import World

TODAY = date(2026, 3, 2)
POLICIES = Path(__file__).parents[3] / "rulesets" / "payer_policies" / "example.json"
PARTNER = TradingPartner(
    submitter_id="NORTHFIELD",
    submitter_name="NORTHFIELD MEDICAL GROUP",
    submitter_phone="2175550100",
    receiver_id="CLEARSIM",
    receiver_name="CLEARINGHOUSE",
)
WAVES = 4


def leaves_the_house(day: Day, event: EhrEvent) -> bool:
    """Whether the event's document is the one a claim is sent from."""
    if event.type not in {"encounter.signed", "authorization.obtained"}:
        return False
    if event.expect is not Reception.ACTED:
        return False
    is_mended_later = event.scenario == "authorization_obtained_later"
    if is_mended_later and event.type == "encounter.signed":
        return False
    return day.expectations[event.data["encounter_id"]].claim_states not in {(), ("held",)}


@cache
def outcome() -> tuple[dict[str, Any], dict[str, Expectation]]:
    """The simulator's report after all waves, and the expectation behind each control number."""
    day = build_day(7, TODAY)
    simulator = Simulator(World.model_validate(day.world))
    policies = payer_policies(json.loads(POLICIES.read_text(encoding="utf-8")))
    tables = mapping_tables(day.mapping)
    expected: dict[str, Expectation] = {}
    for event in day.events:
        if not leaves_the_house(day, event):
            continue
        number = len(expected) + 1
        control_number = f"C{number:06d}"
        encounter_id = event.data["encounter_id"]
        bundle = read_bundle(day.documents[event.data["document_key"]])
        encounter = encounter_from_bundle(bundle, encounter_id, tables)
        (claim,) = assemble(
            encounter, claim_id="C", patient_control_number=control_number, signed_on=TODAY
        )
        body = write_claim(
            claim,
            policies=policies,
            numbers=WireNumbers(number, number, 1),
            partner=PARTNER,
            at=datetime(2026, 3, 2, tzinfo=UTC),
        )
        simulator.land(simulator.parse_claims(body.decode(), "professional"))
        expected[control_number] = day.expectations[encounter_id]
    for kind in ("acknowledgements", "remittances"):
        for _ in range(WAVES):
            deliver(simulator, [kind], None)
    assert set(pending(simulator).values()) == {0}
    return report(simulator), expected


def answered() -> Iterator[tuple[dict[str, Any], Expectation]]:
    told, expected = outcome()
    for claim in told["claims"]:
        yield claim, expected[claim["patient_control_number"]]


def test_every_claim_lands_once() -> None:
    told, expected = outcome()

    assert len(told["claims"]) == len(expected) > 60
    assert told["totals"]["duplicates_at_payer"] == 0


def test_the_front_door_rejects_exactly_what_is_said_to_be_rejected() -> None:
    rejected = {one.scenario for claim, one in answered() if claim["front_door"] != "accepted"}

    assert rejected == {one.scenario for _, one in answered() if one.claim_states == ("rejected",)}
    assert len(rejected) == 5


def test_the_payers_decide_as_the_catalogue_says() -> None:
    fates = {
        "paid": "paid",
        "denied": "denied",
        "patient": "zero_paid",
        "partial": "partially_denied",
        # Paid first, and taken back when the practice voids it.
        "reversed": "paid",
    }
    for claim, expectation in answered():
        # What an appeal overturns was denied first.
        is_appealed = "appeal.submitted" in expectation.events
        word = "denied" if is_appealed else expectation.adjudication
        if word:
            assert claim["fate"] == fates[word], expectation.scenario


def test_a_claim_said_to_close_leaves_nothing_to_the_patient_unless_the_patient_pays() -> None:
    for claim, expectation in answered():
        if expectation.claim_states == ("closed",) and expectation.scenario not in {
            "patient_pays_the_copay",
            "billed_in_error",
            "two_payers",
        }:
            assert claim["patient_responsibility_cents"] == 0, expectation.scenario
        if expectation.scenario == "patient_pays_the_copay":
            assert claim["patient_responsibility_cents"] == 2_500


def test_what_is_taken_back_is_borne_by_a_later_payment() -> None:
    told, _ = outcome()

    taken = [
        payment["provider_adjustment_cents"]
        for payer in told["payers"]
        for payment in payer["remittances"]
    ]
    assert {2_000, -123} <= set(taken)


def test_deposits_differ_from_remittances_where_scripted() -> None:
    told, _ = outcome()
    differences = {
        payment["deposit_cents"] - payment["payment_cents"]
        for payer in told["payers"]
        for payment in payer["remittances"]
        if payment["deposit_cents"] is not None
    }

    assert 500 in differences
    assert 0 in differences
