"""Things to test with: each test states only what matters to it. All synthetic; NPIs pass the check digit."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from functions.billing.domain.claims.assemble import assemble
from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.claims.revisions import StoredContent
from functions.billing.domain.commit import (
    Actor,
    Cause,
    Commit,
    Fact,
    HistoryEntry,
    OutboxEvent,
    Record,
)
from functions.billing.domain.records import (
    Address,
    Charge,
    Coverage,
    CoverageRank,
    Encounter,
    Location,
    Patient,
    Payer,
    PayerKind,
    PersonName,
    Provider,
    Sex,
)
from functions.billing.domain.submission.attempt import Attempt
from functions.billing.ports import Records
from local.code_tables import folder_tables
from tests.fakes import NOON

RULE_SETS = Path(__file__).parents[1] / "rulesets"

RULE_SET_FILES = {
    "scrub": "scrub/base.json",
    "payer_policies": "payer_policies/example.json",
    "automation": "automation/example.json",
    "mapping": "mappings/example.json",
    "denials": "denials/carc.json",
    "denial_responses": "denials/responses.json",
    "rejections": "denials/rejections.json",
    "appeals": "denials/appeals.json",
}

CAUSE = Cause("evt_1", "encounter.signed", "evt_1")


def rule_set_contents() -> dict[str, Any]:
    """The rule sets and tables the project ships, parsed as the adapter parses them."""
    return {
        name: json.loads((RULE_SETS / path).read_text(), parse_float=Decimal)
        for name, path in RULE_SET_FILES.items()
    }


@cache
def code_table_contents() -> tuple[bytes, ...]:
    """The code tables the project ships, compiled."""
    return tuple(folder_tables().values())


ADDRESS = Address(line1="12 ELM STREET", city="SPRINGFIELD", state="OH", postal_code="455030012")

PATIENT = Patient(
    patient_id="patient-1",
    name=PersonName(family="QUILLFEATHER", given="ADA"),
    birth_date=date(1980, 5, 17),
    sex=Sex.FEMALE,
    address=ADDRESS,
)
BLUEPEAK = Payer(payer_id="BLUEPEAK", name="Blue Peak Health", kind=PayerKind.COMMERCIAL)
COVERAGE = Coverage(
    coverage_id="coverage-1", payer=BLUEPEAK, rank=CoverageRank.PRIMARY, member_id="ABC123456789"
)
CLINIC = Provider(
    provider_id="clinic-1",
    npi="1234567893",
    family="SPRINGFIELD CLINIC",
    is_person=False,
    taxonomy="261QP2300X",
    tax_id="412345678",
    address=ADDRESS,
)
DOCTOR = Provider(
    provider_id="doctor-1", npi="1558598797", family="ROWAN", given="JUNE", taxonomy="207Q00000X"
)
OFFICE = Location(
    location_id="office-1",
    name="SPRINGFIELD OFFICE",
    place_of_service="11",
    department="family",
    address=ADDRESS,
)
SERVICE_DAY = date(2026, 2, 26)
VISIT_LINE = Charge(
    line_id="LINE-0001",
    procedure="99213",
    charge_cents=15_000,
    units=1,
    service_date=SERVICE_DAY,
    diagnosis_pointers=(1,),
)


def encounter(**changes: Any) -> Encounter:
    """A plain office visit that passes every rule."""
    plain = Encounter(
        encounter_id="encounter-1",
        patient=PATIENT,
        coverages=(COVERAGE,),
        billing_provider=CLINIC,
        rendering_provider=DOCTOR,
        location=OFFICE,
        service_line="primary_care",
        starts_on=SERVICE_DAY,
        ends_on=SERVICE_DAY,
        diagnoses=("J069",),
        charges=(VISIT_LINE,),
        mapping_version="mapping-1",
    )
    return replace(plain, **changes)


def staged_claim(
    records: Records, visit: Encounter | None = None, *, claim_id: str = "CTESTCLAIM01"
) -> Claim:
    """An encounter's claim, staged and stored with its content."""
    visit = visit or encounter()
    (content,) = assemble(
        visit, claim_id=claim_id, patient_control_number=f"{claim_id}01", signed_on=SERVICE_DAY
    )
    claim = Claim(
        claim_id=claim_id,
        encounter_id=visit.encounter_id,
        patient_id="patient-1",
        coverage_id="coverage-1",
        payer_id=content.payer_id,
        provider_id="doctor-1",
        location_id="office-1",
        department="family",
        service_line=visit.service_line,
        service_on=content.service_from,
        charge_cents=content.total_charge_cents,
        patient_control_number=content.patient_control_number,
        signed_at=datetime(2026, 2, 27, 9, 0, tzinfo=UTC),
        staged_at=NOON,
    )
    stored = StoredContent(
        claim_id=claim_id,
        revision=1,
        content=content,
        unmapped=visit.unmapped,
        problems=visit.problems,
    )
    return store(records, claim, stored)


def released_claim(
    records: Records, visit: Encounter | None = None, *, claim_id: str = "CTESTCLAIM01"
) -> Claim:
    """A claim that validation let through."""
    staged = staged_claim(records, visit, claim_id=claim_id)
    return store(records, staged.moved(ClaimState.VALIDATED, validated_at=NOON))


def store(records: Records, claim: Claim, *new: Record) -> Claim:
    """Commit a claim as a test needs it; the stored copy is returned, with its version."""
    records.commit(
        Commit(
            step="test",
            cause=CAUSE,
            actor=Actor("test"),
            at=NOON,
            root=claim,
            decision="given",
            new=new,
        )
    )
    return read(records, claim.claim_id)


def attempt(claim_id: str = "CTESTCLAIM01", **changes: Any) -> Attempt:
    """The first submission of a claim, alone unless a `file_id` says otherwise."""
    first = Attempt(
        claim_id=claim_id,
        number=1,
        patient_control_number=f"{claim_id}01",
        connector="simulator",
        interchange_control_number="1",
        group_control_number="1",
        transaction_control_number="1",
        first_intended_at=NOON,
        intended_at=NOON,
    )
    return replace(first, **changes)


def read(records: Records, claim_id: str = "CTESTCLAIM01") -> Claim:
    """The claim as stored."""
    claim = records.get(Claim, Claim.key_of(claim_id))
    assert claim is not None
    return claim


def history_line(
    claim_id: str, *events: OutboxEvent, sequence: int = 1, facts: Mapping[str, Fact] | None = None
) -> HistoryEntry:
    """One line of a claim's history, and what its step has to say."""
    return HistoryEntry(
        subject_key=Claim.key_of(claim_id),
        sequence=sequence,
        at=NOON,
        step="test",
        actor="test",
        cause_id=CAUSE.cause_id,
        cause_type=CAUSE.cause_type,
        correlation_id=CAUSE.correlation_id,
        decision="given",
        facts=facts or {},
        events=events,
    )
