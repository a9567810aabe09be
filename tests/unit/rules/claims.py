"""A claim that passes every base rule, and the data it is judged by."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.codes import CodeTable
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
from functions.billing.domain.rules import (
    EligibilityFact,
    EligibilityState,
    PayerPolicies,
    RuleSet,
    ScrubFacts,
    payer_policies,
    rule_set,
)
from local.code_tables import folder_tables

RULESETS = Path(__file__).parents[3] / "rulesets"

SERVICE_ON = date(2026, 3, 2)
SUBMITTED_ON = date(2026, 3, 5)
ADDRESS = Address(line1="12 Elm Street", city="Springfield", state="IL", postal_code="627010001")


def npi_of(nine_digits: str) -> str:
    """Nine digits and the check digit that makes them an NPI, found by trying all ten."""
    return next(
        f"{nine_digits}{digit}"
        for digit in range(10)
        if _luhn_is_zero(f"80840{nine_digits}{digit}")
    )


def _luhn_is_zero(digits: str) -> bool:
    doubled = (
        sum(divmod(int(digit) * 2, 10)) if place % 2 else int(digit)
        for place, digit in enumerate(reversed(digits))
    )
    return sum(doubled) % 10 == 0


BILLING_NPI = npi_of("199900001")
RENDERING_NPI = npi_of("199900002")


def parsed(name: str) -> dict[str, Any]:
    """A rule set file, as the loader receives it."""
    content = json.loads((RULESETS / name).read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


@cache
def base_rules() -> RuleSet:
    return rule_set(parsed("scrub/base.json"))


@cache
def code_tables() -> Mapping[str, CodeTable]:
    return {name: CodeTable(content) for name, content in folder_tables().items()}


@cache
def example_policies() -> PayerPolicies:
    return payer_policies(parsed("payer_policies/example.json"))


PAYERS: Mapping[str, Payer] = {
    policy.payer_id: Payer(payer_id=policy.payer_id, name=policy.name, kind=policy.kind)
    for policy in example_policies().by_payer.values()
}
MEMBER_IDS = {
    "BLUEPEAK": "ABC123456789",
    "CMSNORTH": "1EG4TE5MK73",
    "STATECAID": "0123456789",
    "OPENMKT": "M-77",
}


def patient(**changes: Any) -> Patient:
    whole = Patient(
        patient_id="P1",
        name=PersonName(family="Testperson", given="Ada"),
        birth_date=date(1980, 5, 17),
        sex=Sex.FEMALE,
        address=ADDRESS,
    )
    return replace(whole, **changes)


def coverage(payer_id: str = "BLUEPEAK", **changes: Any) -> Coverage:
    whole = Coverage(
        coverage_id="V1",
        payer=PAYERS.get(payer_id)
        or Payer(payer_id=payer_id, name="Other", kind=PayerKind.COMMERCIAL),
        rank=CoverageRank.PRIMARY,
        member_id=MEMBER_IDS.get(payer_id, "X1"),
        group_number="G1",
    )
    return replace(whole, **changes)


def billing_provider(**changes: Any) -> Provider:
    whole = Provider(
        provider_id="B1",
        npi=BILLING_NPI,
        family="Elm Street Clinic",
        is_person=False,
        taxonomy="261QP2300X",
        tax_id="123456789",
        address=ADDRESS,
    )
    return replace(whole, **changes)


def rendering_provider(**changes: Any) -> Provider:
    whole = Provider(
        provider_id="R1",
        npi=RENDERING_NPI,
        family="Healer",
        given="Grace",
        taxonomy="207Q00000X",
    )
    return replace(whole, **changes)


def location(**changes: Any) -> Location:
    whole = Location(
        location_id="L1", name="Elm Street", place_of_service="11", department="primary"
    )
    return replace(whole, **changes)


def line(procedure: str = "99213", **changes: Any) -> Charge:
    whole = Charge(
        line_id=f"E1-{procedure}",
        procedure=procedure,
        charge_cents=15000,
        units=1,
        service_date=SERVICE_ON,
    )
    return replace(whole, **changes)


def claim(**changes: Any) -> ClaimContent:
    """A clean claim; the total follows the lines unless it is changed itself."""
    whole = ClaimContent(
        claim_id="C1",
        patient_control_number="C0000000001",
        encounter_id="E1",
        patient=patient(),
        coverage=coverage(),
        billing_provider=billing_provider(),
        rendering_provider=rendering_provider(),
        location=location(),
        service_line="primary_care",
        diagnoses=("I10", "E119"),
        lines=(line(),),
        total_charge_cents=15000,
        service_from=SERVICE_ON,
        service_to=SERVICE_ON,
        signed_on=SERVICE_ON,
    )
    changed = replace(whole, **changes)
    if "lines" in changes and "total_charge_cents" not in changes:
        total = sum(charge.charge_cents for charge in changed.lines)
        changed = replace(changed, total_charge_cents=total)
    return changed


def facts(of: ClaimContent | None = None, **changes: Any) -> ScrubFacts:
    """Everything known and well: coverage confirmed the day before the visit, no duplicates."""
    whole = ScrubFacts(
        submitted_on=SUBMITTED_ON,
        eligibility=EligibilityFact(EligibilityState.ACTIVE, datetime(2026, 3, 1, 9, tzinfo=UTC)),
        policy=example_policies().of(of.payer_id if of else "BLUEPEAK"),
        code_tables=code_tables(),
    )
    return replace(whole, **changes)
