"""Claims, rules and tables to measure by: all made up, the same for the same seed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.codes import OPEN, Entry, TableKind, TableTerms, compiled
from functions.billing.domain.records import (
    Address,
    Charge,
    Coverage,
    CoverageRank,
    Location,
    Patient,
    Payer,
    PayerKind,
    PersonName,
    Provider,
    Sex,
)

RULE_SETS = Path(__file__).parents[2] / "rulesets"
SERVICE_ON = date(2026, 3, 2)
ADDRESS = Address(line1="12 Elm Street", city="Springfield", state="IL", postal_code="627010001")

# Payers of the example policies, with a member id of the form each wants; then twenty more.
KNOWN_PAYERS = {
    "BLUEPEAK": (PayerKind.COMMERCIAL, "ABC123456789"),
    "CMSNORTH": (PayerKind.MEDICARE, "1EG4TE5MK73"),
    "STATECAID": (PayerKind.MEDICAID, "0123456789"),
    "OPENMKT": (PayerKind.EXCHANGE, "M-77"),
}
OTHER_PAYERS = tuple(f"PAYER{number:02d}" for number in range(20))

# As many procedures, diagnoses, limits and providers as the public lists hold, or more.
PROCEDURES = tuple(f"{number:05d}" for number in range(10_000, 20_000))
DIAGNOSES = tuple(
    f"{letter}{number:05d}" for letter in "AEIJKMNR" for number in range(10_000, 22_000)
)
UNIT_LIMITS = 17_000
PROVIDERS = 1_000_000
_STRIDE, _SHIFT = 7_919, 104_729


def pairs(count: int) -> Iterator[Entry]:
    """So many different pairs of procedures, half of them separable by a modifier."""
    size = len(PROCEDURES)
    for number in range(count):
        turn, first = divmod(number, size)
        second = (first * _STRIDE + turn * _SHIFT + 1) % size
        key = PROCEDURES[first] + PROCEDURES[second]
        yield Entry(key, date(2020, 1, 1), OPEN, number % 2)


def other_tables() -> dict[str, bytes]:
    """Every table but the pairs, each as large as the public one."""
    begun = date(2020, 1, 1)

    def made(kind: TableKind, entries: Iterator[Entry]) -> bytes:
        return compiled(TableTerms(kind=kind, source="made up", is_complete=False), entries)

    limits = (Entry(f"{10_000 + number:05d}", begun, OPEN, 43) for number in range(UNIT_LIMITS))
    providers = (f"1{number:09d}" for number in range(PROVIDERS))
    return {
        "icd10cm": made(TableKind.DIAGNOSES, (Entry(code, begun, OPEN) for code in DIAGNOSES)),
        "procedures": made(TableKind.PROCEDURES, (Entry(code, begun, OPEN) for code in PROCEDURES)),
        "ncci_mue_practitioner": made(TableKind.UNIT_LIMITS, limits),
        "nppes": made(TableKind.PROVIDERS, (Entry(npi, begun, OPEN) for npi in providers)),
    }


def pair_table(count: int) -> bytes:
    """The table of pairs."""
    terms = TableTerms(kind=TableKind.PROCEDURE_PAIRS, source="made up", is_complete=True)
    return compiled(terms, pairs(count))


def rules(count: int, versions: dict[str, str], *, for_every_payer: bool) -> dict[str, Any]:
    """The base rules and so many more edits that there are `count`: of one payer each, or of all."""
    content: dict[str, Any] = json.loads((RULE_SETS / "scrub" / "base.json").read_text())
    content["code_tables"] = {**content["code_tables"], **versions}
    payers = (*KNOWN_PAYERS, *OTHER_PAYERS)
    for number in range(count - len(content["rules"])):
        edit = _edit(number)
        if not for_every_payer:
            edit["applies_to"] = {"payers": [payers[number % len(payers)]]}
        content["rules"].append(edit)
    return content


def _edit(number: int) -> dict[str, Any]:
    kind, parameters = (
        ("condition", _by_condition(number)),
        ("expression", _by_expression(number)),
        ("required_fields", {"fields": ["coverage.member_id"], "when": _is_procedure(number)}),
        ("modifier_required", {"procedures": [f"9{number:04d}"], "modifiers": ["25"]}),
    )[number % 4]
    return {
        "id": f"payer-edit-{number}",
        "kind": kind,
        "parameters": parameters,
        "reason_code": f"payer_edit_{number}",
        "severity": "reject",
        "owner": "coding",
        "recommended_action": "Do as the payer wants.",
    }


def _is_procedure(number: int) -> dict[str, Any]:
    return {"field": "line.procedure", "op": "in", "value": [f"9{number:04d}", f"8{number:04d}"]}


def _by_condition(number: int) -> dict[str, Any]:
    few = {"field": "line.units", "op": "at_most", "value": 4}
    return {"field": "line.units", "when": _is_procedure(number), "require": few}


def _by_expression(number: int) -> dict[str, Any]:
    return {
        "field": "line.units",
        "expression": f"!(line.procedure in ['9{number:04d}', '8{number:04d}']) || line.units <= 4",
        "expected": "at most 4",
    }


def claims(count: int, seed: int = 7) -> tuple[ClaimContent, ...]:
    """Claims of one to six lines, nearly all sound, as a practice sends them."""
    chance = random.Random(seed)  # noqa: S311 -- figures to measure by, no secret
    return tuple(_claim(number, chance) for number in range(count))


def _claim(number: int, chance: random.Random) -> ClaimContent:
    payer_id, (kind, member_id) = chance.choice(tuple(KNOWN_PAYERS.items()))
    procedures = chance.sample(PROCEDURES, chance.choice((1, 1, 2, 2, 3, 4, 6)))
    lines = tuple(
        Charge(
            line_id=f"{number}-{place}",
            procedure=procedure,
            charge_cents=chance.randrange(2_000, 90_000),
            units=chance.choices((1, 2, 4, 9), (80, 15, 4, 1))[0],
            service_date=SERVICE_ON,
            modifiers=chance.choice(((), (), ("25",), ("59", "RT"))),
        )
        for place, procedure in enumerate(procedures, start=1)
    )
    return ClaimContent(
        claim_id=f"C{number}",
        patient_control_number=f"C{number:010d}",
        encounter_id=f"E{number}",
        patient=Patient(
            patient_id=f"P{number}",
            name=PersonName(family="Testperson", given="Ada"),
            birth_date=date(chance.randrange(1940, 2010), 5, 17),
            sex=chance.choice((Sex.FEMALE, Sex.MALE)),
            address=ADDRESS,
        ),
        coverage=Coverage(
            coverage_id=f"V{number}",
            payer=Payer(payer_id=payer_id, name="Payer", kind=kind),
            rank=CoverageRank.PRIMARY,
            member_id=member_id,
            group_number="G1",
        ),
        billing_provider=Provider(
            provider_id="B1",
            npi="1999000015",
            family="Elm Street Clinic",
            is_person=False,
            taxonomy="261QP2300X",
            tax_id="123456789",
            address=ADDRESS,
        ),
        rendering_provider=Provider(
            provider_id="R1",
            npi="1999000023",
            family="Healer",
            given="Grace",
            taxonomy="207Q00000X",
        ),
        location=Location(
            location_id="L1", name="Elm Street", place_of_service="11", department="primary"
        ),
        service_line="primary_care",
        diagnoses=tuple(chance.sample(DIAGNOSES, chance.choice((1, 2, 2, 3, 4)))),
        lines=lines,
        total_charge_cents=sum(line.charge_cents for line in lines),
        service_from=SERVICE_ON,
        service_to=SERVICE_ON,
        signed_on=SERVICE_ON,
    )
