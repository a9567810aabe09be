"""The built-in day says what it promises: every scenario ends where it does for its own reason."""

import json
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from functions.billing.domain.claims.assemble import assemble
from functions.billing.domain.denials.classify import Adjudicated, classify
from functions.billing.domain.denials.table import denial_table
from functions.billing.domain.events.contracts import INBOUND
from functions.billing.domain.records import Encounter
from functions.billing.domain.remittance.records import Adjustment
from functions.billing.domain.rules import (
    EligibilityFact,
    EligibilityState,
    ScrubFacts,
    judge,
    payer_policies,
    rule_set,
)
from functions.billing.domain.rules.rule_set import authorizations_wanted
from functions.billing.fhir import (
    appointment_from_bundle,
    coverages_from_bundle,
    encounter_from_bundle,
    mapping_tables,
    read_bundle,
)
from local.day import Day, EhrEvent, Phase, Reception, build_day
from local.day.practice import PAYERS, WIRE_IDS
from local.day.scenarios import CATALOGUE
from local.payer_simulator.world import World
from tests.builders import code_table_contents
from tests.fakes import FixedCodeTables

TODAY = date(2026, 3, 2)
RULESETS = Path(__file__).parents[3] / "rulesets"

# Reasons that depend on what the payer answered or on another claim, not on the document.
NOT_IN_THE_DOCUMENT = {"coverage_inactive", "duplicate_claim", "billed_in_error"}


@cache
def day(seed: int = 7) -> Day:
    return build_day(seed, TODAY)


def content(name: str) -> Any:
    return json.loads((RULESETS / name).read_text(encoding="utf-8"))


def signed() -> list[EhrEvent]:
    return [
        event
        for event in day().events
        if event.type == "encounter.signed"
        and event.expect is Reception.ACTED
        and event.scenario != "document_altered"
    ]


def read(event: EhrEvent) -> Encounter:
    bundle = read_bundle(day().documents[event.data["document_key"]])
    return encounter_from_bundle(bundle, event.data["encounter_id"], mapping_tables(day().mapping))


def reasons(encounter: Encounter) -> set[str]:
    """Why our rules hold the encounter's claim, apart from the payer's answer."""
    rules = rule_set(content("scrub/base.json"))
    policies = payer_policies(content("payer_policies/example.json"))
    tables = FixedCodeTables(code_table_contents()).opened(rules.code_tables)
    found: set[str] = set()
    for claim in assemble(encounter, claim_id="C", patient_control_number="C", signed_on=TODAY):
        facts = ScrubFacts(
            submitted_on=TODAY,
            eligibility=EligibilityFact(EligibilityState.ACTIVE),
            policy=policies.of(claim.payer_id),
            code_tables=tables,
            unmapped=encounter.unmapped,
            problems=encounter.problems,
        )
        found |= {
            verdict.reason_code
            for verdict in judge(claim, facts, rules)
            if not verdict.passed and verdict.severity == "reject"
        }
    return found


def test_the_same_seed_gives_the_same_day_and_another_seed_other_people() -> None:
    assert build_day(7, TODAY) == day()
    assert build_day(8, TODAY).documents != day().documents


def test_the_day_is_as_large_as_promised() -> None:
    encounters = [read(event) for event in signed()]

    assert day().patient_count >= 60
    assert len(PAYERS) == len({payer["kind"] for payer in PAYERS}) == 4
    assert len({one.location.location_id for one in encounters if one.location}) == 3
    assert len({one.service_line for one in encounters}) == 4
    providers = {one.rendering_provider.provider_id for one in encounters if one.rendering_provider}
    assert len({one for one in providers if not one.endswith("LOCUM")}) == 6


def test_every_event_keeps_its_contract_unless_it_is_there_to_break_it() -> None:
    for event in day().events:
        contract = INBOUND[event.type]
        if event.expect_reason != "payload_invalid":
            contract.model_validate(event.data)
        if event.expect_reason != "event_version_unknown":
            assert event.version == contract.event_version


def test_every_document_an_event_names_is_there_with_that_digest() -> None:
    for event in day().events:
        key = event.data.get("document_key")
        if (
            key
            and event.expect_reason != "payload_invalid"
            and event.scenario != "document_altered"
        ):
            assert sha256(day().documents[key]).hexdigest() == event.data["document_sha256"]


def test_the_altered_document_is_no_longer_what_was_signed() -> None:
    (event,) = [one for one in day().events if one.scenario == "document_altered"]

    found = sha256(day().documents[event.data["document_key"]]).hexdigest()

    assert found != event.data["document_sha256"]


def test_no_event_holds_a_patients_name_birth_date_or_member_id() -> None:
    said = json.dumps([dict(event.data) for event in day().events])

    for member in day().world["members"]:
        assert member["member_id"] not in said
        assert f'"{member["last_name"]}' not in said
        assert member["birth_date"] not in said


def test_events_come_in_the_order_of_their_phases_and_lie_in_the_past() -> None:
    phases = [event.phase for event in day().events]

    assert phases == sorted(phases, key=list(Phase).index)
    assert all(event.occurred_at.date() < TODAY for event in day().events)


def test_event_ids_are_used_once_unless_the_repetition_is_the_point() -> None:
    ids = [
        event.id
        for event in day().events
        if not event.same_envelope_as and event.expect_reason != "event_id_reused"
    ]

    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "event", signed(), ids=lambda event: f"{event.scenario}-{event.data['encounter_id'][-5:]}"
)
def test_our_rules_hold_exactly_the_claims_that_are_said_to_be_held(event: EhrEvent) -> None:
    expectation = day().expectations[event.data["encounter_id"]]
    found = reasons(read(event))

    expected = set(expectation.reasons) - NOT_IN_THE_DOCUMENT
    if event.scenario == "authorization_obtained_later":
        expected = {"authorization_missing"}
    if expectation.claim_states == ("held",):
        # What the document lacks is told beside the rule that needs it.
        assert expected <= found <= expected | {"missing_fact"}
    elif expectation.claim_states:
        assert found == expected
    else:
        assert found == set()


def test_the_authorization_obtained_later_mends_the_claim() -> None:
    (event,) = [one for one in day().events if one.type == "authorization.obtained"]

    assert reasons(read(event)) == set()


def test_self_pay_gives_no_claim() -> None:
    (event,) = [one for one in signed() if one.scenario == "self_pay"]

    assert assemble(read(event), claim_id="C", patient_control_number="C", signed_on=TODAY) == ()


def test_all_three_ways_of_listing_services_occur() -> None:
    types = {
        entry["resource"]["resourceType"]
        for document in day().documents.values()
        for entry in json.loads(document)["entry"]
    }

    assert {"Claim", "ChargeItem", "Procedure", "Immunization", "ClaimResponse"} <= types


PLANNED_BY = {"appointment.created", "patient.checked_in", "estimate.requested"}


def test_planned_visits_read_without_a_question() -> None:
    tables = mapping_tables(day().mapping)
    booked = [one for one in day().events if one.type in PLANNED_BY]

    for event in booked:
        bundle = read_bundle(day().documents[event.data["document_key"]])
        found = appointment_from_bundle(bundle, event.data["appointment_id"], tables)
        assert (found.problems, found.unmapped) == ((), ())
        assert found.planned
        assert all(service.charge_cents > 0 for service in found.planned)
        assert found.billing_provider is not None
        assert found.coverages


def test_changed_insurance_reads_without_a_question() -> None:
    tables = mapping_tables(day().mapping)

    for event in day().events:
        if event.type == "insurance.updated":
            bundle = read_bundle(day().documents[event.data["document_key"]])
            found = coverages_from_bundle(bundle, event.data["patient_id"], tables)
            assert len(found.coverages) == 1
            assert found.problems == ()


def test_the_simulator_accepts_the_world() -> None:
    World.model_validate(day().world)
    for call in day().simulator_calls:
        if call.path == "/_sim/members":
            World.model_validate(
                {
                    **day().world,
                    "members": call.body["members"],
                    "script": [],
                    "remittance_script": [],
                }
            )


def test_the_payers_pay_what_our_contracts_expect() -> None:
    policies = {one["payer_id"]: one for one in content("payer_policies/example.json")["payers"]}
    for payer_id, wire_id in WIRE_IDS.items():
        policy = policies[payer_id]
        (theirs,) = [one for one in PAYERS if one["payer_id"] == wire_id]
        agreed = policy["contracts"][-1]
        assert policy["edi_id"] == wire_id
        assert theirs["contract"]["allowed_percent_of_charge"] == agreed["percent_of_charge"]
        assert theirs["contract"].get("fee_schedule_cents", {}) == agreed.get("fees_cents", {})


def test_the_automation_settings_are_those_of_the_rule_set() -> None:
    settings = content("automation/example.json")["settings"]

    assert {(one["step"], one["payer_id"], one["mode"]) for one in settings} == {
        (one.step, one.payer_id, one.mode) for one in day().automation
    }


def test_each_class_of_denial_is_scripted_with_a_reason_that_means_it() -> None:
    table = denial_table(content("denials/carc.json"))
    found = set()
    for scenario in CATALOGUE:
        decision = scenario.script.get("adjudication", {})
        if decision.get("kind") != "deny" or not scenario.expect.denial_class:
            continue
        reason = decision["reason"]
        adjustment = Adjustment(group=reason["group"], reason=reason["carc"], amount_cents=10_000)
        charge = Adjudicated(
            charge_cents=10_000,
            paid_cents=0,
            adjustments=(adjustment,),
            remarks=tuple(reason["rarcs"]),
        )
        bucket = classify(charge, table).bucket or "unmapped"
        assert bucket == scenario.expect.denial_class, scenario.name
        found.add(bucket)

    assert found == {
        "eligibility", "authorization", "coding", "bundling", "timely_filing", "duplicate",
        "coordination_of_benefits", "demographic_mismatch", "payer_specific_edit", "unmapped",
    }  # fmt: skip


def test_scenario_names_are_unique_and_tell_what_happens() -> None:
    names = [scenario.name for scenario in CATALOGUE]

    assert len(names) == len(set(names))
    assert all(scenario.about and scenario.outcome for scenario in CATALOGUE)


def test_every_kind_of_refusal_is_tried() -> None:
    refused = {one.expect_reason for one in day().events if one.expect is Reception.REFUSED}

    assert refused == {
        "signature_missing", "signature_invalid", "signing_key_unknown", "signature_too_old",
        "event_version_unknown", "payload_invalid", "event_id_reused",
    }  # fmt: skip


def test_some_booked_visits_have_the_authorization_they_need_and_some_do_not() -> None:
    tables = mapping_tables(day().mapping)
    wanted = authorizations_wanted(content("scrub/base.json"))
    has_one = set()
    for event in (one for one in day().events if one.type == "appointment.created"):
        bundle = read_bundle(day().documents[event.data["document_key"]])
        found = appointment_from_bundle(bundle, event.data["appointment_id"], tables)
        if any(
            service.procedure in wanted.get(found.coverages[0].payer.payer_id, ())
            for service in found.planned
        ):
            has_one.add(bool(found.authorizations))

    assert has_one == {True, False}
