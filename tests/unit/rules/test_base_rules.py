"""Every rule of the base set: a claim that breaks it, and the owner, reason and field it names."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from functions.billing.domain.claims.content import (
    Attachment,
    ClaimContent,
    OtherPayerPayment,
    fingerprint,
)
from functions.billing.domain.records import (
    Address,
    Authorization,
    CoverageRank,
    MissingFact,
    PersonName,
    Relationship,
    Sex,
    Stay,
    UnmappedCode,
)
from functions.billing.domain.rules import (
    EligibilityFact,
    EligibilityState,
    Severity,
    Verdict,
    failures,
    judge,
)
from functions.billing.domain.work_items import Queue
from tests.unit.rules.claims import (
    ADDRESS,
    RENDERING_NPI,
    SERVICE_ON,
    base_rules,
    billing_provider,
    claim,
    coverage,
    facts,
    line,
    location,
    npi_of,
    patient,
    rendering_provider,
)


@dataclass(frozen=True)
class Breach:
    """One broken claim: which rule must speak, and what it must say."""

    rule_id: str
    field_path: str
    reason_code: str
    owner: Queue
    claim: ClaimContent
    facts: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.rule_id}@{self.field_path}"


FD, CO, BI = Queue.FRONT_DESK, Queue.CODING, Queue.BILLING
CR, AU = Queue.CREDENTIALING, Queue.AUTHORIZATION
WRONG_NPI = f"{RENDERING_NPI[:9]}{(int(RENDERING_NPI[9]) + 1) % 10}"


def address(**changes: str) -> Address:
    return replace(ADDRESS, **changes)


def unmapped(table: str) -> dict[str, Any]:
    return {"unmapped": (UnmappedCode(table=table, system="ehr", code="Q", where="Encounter.x"),)}


def missing(path: str) -> dict[str, Any]:
    return {"problems": (MissingFact(path=path, expected="a value"),)}


def scan(**changes: Any) -> dict[str, Any]:
    """A claim of one MRI for knee pain, which needs an authorization."""
    return {"lines": (line("73721", **changes),), "diagnoses": ("M25561",)}


STAY = Stay(facility_code="13", patient_status="01", admitted_on=SERVICE_ON)


def hospital(**changes: Any) -> ClaimContent:
    """A sound institutional claim."""
    whole: dict[str, Any] = {
        "is_institutional": True,
        "rendering_provider": None,
        "lines": (line(revenue_code="0510"),),
        "stay": STAY,
    }
    return claim(**{**whole, **changes})


# Of the example tables: deactivated in 2024, a group, a code that left the list.
INACTIVE_NPI, GROUP_NPI, RETIRED_TAXONOMY = "1033009980", "1793001102", "207QR0000X"

KNEE_AUTHORIZATION = Authorization(number="A1", procedures=("73721",), units_left=1)

BREACHES = [
    Breach("patient-present", "patient", "patient_missing", FD, claim(patient=None)),
    Breach(
        "patient-name",
        "patient.name.family",
        "patient_name_missing",
        FD,
        claim(patient=patient(name=PersonName(family=" ", given="Ada"))),
    ),
    Breach(
        "patient-given-name",
        "patient.name.given",
        "patient_given_name_missing",
        FD,
        claim(patient=patient(name=PersonName(family="Testperson"))),
    ),
    Breach(
        "patient-sex",
        "patient.sex",
        "patient_sex_unknown",
        FD,
        claim(patient=patient(sex=Sex.UNKNOWN)),
    ),
    Breach(
        "patient-birth-date",
        "patient.birth_date",
        "birth_date_implausible",
        FD,
        claim(patient=patient(birth_date=date(2026, 3, 3))),
    ),
    Breach(
        "patient-birth-date",
        "patient.birth_date",
        "birth_date_implausible",
        FD,
        claim(patient=patient(birth_date=date(1876, 3, 2))),
    ),
    Breach(
        "patient-birth-date",
        "coverage.subscriber.birth_date",
        "birth_date_implausible",
        FD,
        claim(
            coverage=coverage(
                relationship=Relationship.CHILD, subscriber=patient(birth_date=date(1850, 1, 1))
            )
        ),
    ),
    Breach(
        "patient-address",
        "patient.address.city",
        "patient_address_missing",
        FD,
        claim(patient=patient(address=address(city=""))),
    ),
    Breach("coverage-present", "coverage", "coverage_missing", FD, claim(coverage=None)),
    Breach(
        "member-id",
        "coverage.member_id",
        "member_id_missing",
        FD,
        claim(coverage=coverage(member_id="")),
    ),
    Breach(
        "subscriber-present",
        "coverage.subscriber",
        "subscriber_missing",
        FD,
        claim(coverage=coverage(relationship=Relationship.SPOUSE)),
    ),
    Breach(
        "coverage-active",
        "coverage",
        "coverage_inactive",
        FD,
        claim(),
        {"eligibility": EligibilityFact(EligibilityState.INACTIVE)},
    ),
    Breach(
        "coverage-verified",
        "coverage",
        "coverage_unverified",
        FD,
        claim(),
        {"eligibility": EligibilityFact(EligibilityState.UNDETERMINED)},
    ),
    Breach(
        "coverage-verified",
        "coverage",
        "coverage_unverified",
        FD,
        claim(),
        {"eligibility": EligibilityFact(EligibilityState.UNKNOWN)},
    ),
    Breach(
        "eligibility-fresh",
        "coverage",
        "eligibility_stale",
        FD,
        claim(),
        {
            "eligibility": EligibilityFact(
                EligibilityState.ACTIVE, datetime(2026, 2, 26, 23, 59, tzinfo=UTC)
            )
        },
    ),
    Breach(
        "coverage-dates",
        "coverage.starts_on",
        "coverage_not_in_force",
        FD,
        claim(coverage=coverage(starts_on=date(2026, 3, 3))),
    ),
    Breach(
        "coverage-dates",
        "coverage.ends_on",
        "coverage_not_in_force",
        FD,
        claim(coverage=coverage(ends_on=date(2026, 3, 1))),
    ),
    Breach(
        "payer-ranks",
        "other_coverages[0].rank",
        "payer_rank_duplicate",
        FD,
        claim(other_coverages=(coverage("OPENMKT", coverage_id="V2"),)),
    ),
    Breach(
        "billing-provider-present",
        "billing_provider",
        "billing_provider_missing",
        CR,
        claim(billing_provider=None),
    ),
    Breach(
        "billing-npi",
        "billing_provider.npi",
        "billing_npi_invalid",
        CR,
        claim(billing_provider=billing_provider(npi=WRONG_NPI)),
    ),
    Breach(
        "billing-npi",
        "billing_provider.npi",
        "billing_npi_invalid",
        CR,
        claim(billing_provider=billing_provider(npi="")),
    ),
    Breach(
        "billing-organization",
        "billing_provider.given",
        "billing_provider_kind",
        CR,
        claim(billing_provider=billing_provider(given="Grace")),
    ),
    Breach(
        "billing-taxonomy",
        "billing_provider.taxonomy",
        "billing_taxonomy_invalid",
        CR,
        claim(billing_provider=billing_provider(taxonomy="261QP23001")),
    ),
    Breach(
        "billing-tax-id",
        "billing_provider.tax_id",
        "tax_id_invalid",
        CR,
        claim(billing_provider=billing_provider(tax_id="000000000")),
    ),
    Breach(
        "billing-address",
        "billing_provider.address",
        "billing_address_missing",
        CR,
        claim(billing_provider=billing_provider(address=None)),
    ),
    Breach(
        "billing-address",
        "billing_provider.address.state",
        "billing_address_missing",
        CR,
        claim(billing_provider=billing_provider(address=address(state=""))),
    ),
    *(
        Breach(
            "billing-address-street",
            "billing_provider.address.line1",
            "billing_address_po_box",
            CR,
            claim(billing_provider=billing_provider(address=address(line1=street))),
        )
        for street in ("PO Box 12", "P.O. Box 12", "p o box 9", "Lockbox 7", "Post Office Box 3")
    ),
    Breach(
        "billing-postal-code",
        "billing_provider.address.postal_code",
        "billing_postal_code_short",
        CR,
        claim(billing_provider=billing_provider(address=address(postal_code="62701"))),
    ),
    Breach(
        "rendering-provider-present",
        "rendering_provider",
        "rendering_provider_missing",
        CR,
        claim(rendering_provider=None),
    ),
    Breach(
        "rendering-npi",
        "rendering_provider.npi",
        "rendering_npi_invalid",
        CR,
        claim(rendering_provider=rendering_provider(npi="123456789")),
    ),
    Breach(
        "rendering-individual",
        "rendering_provider",
        "rendering_not_individual",
        CR,
        claim(rendering_provider=rendering_provider(is_person=False)),
    ),
    Breach(
        "rendering-taxonomy",
        "rendering_provider.taxonomy",
        "rendering_taxonomy_invalid",
        CR,
        claim(rendering_provider=rendering_provider(taxonomy="207Q")),
    ),
    Breach(
        "rendering-billing-alignment",
        "rendering_provider.npi",
        "rendering_billing_misaligned",
        CR,
        claim(billing_provider=billing_provider(npi=RENDERING_NPI)),
    ),
    Breach(
        "rendering-billing-alignment",
        "rendering_provider.npi",
        "rendering_billing_misaligned",
        CR,
        claim(billing_provider=billing_provider(is_person=True, given="Gil")),
    ),
    Breach("location-present", "location", "location_missing", BI, claim(location=None)),
    Breach(
        "facility-npi",
        "location.npi",
        "facility_npi_invalid",
        CR,
        claim(location=location(npi="1111111111")),
    ),
    Breach(
        "place-of-service",
        "location.place_of_service",
        "place_of_service_invalid",
        BI,
        claim(location=location(place_of_service="88")),
    ),
    Breach(
        "place-of-service",
        "lines[0].place_of_service",
        "place_of_service_invalid",
        BI,
        claim(lines=(line(place_of_service="1"),)),
    ),
    Breach(
        "place-of-service-for-procedure",
        "lines[0].place_of_service",
        "place_of_service_incompatible",
        CO,
        claim(lines=(line(place_of_service="21"),)),
    ),
    Breach("lines-present", "lines", "no_service_lines", CO, claim(lines=())),
    Breach(
        "line-limit",
        "lines",
        "too_many_lines",
        BI,
        claim(lines=tuple(line("36415", line_id=str(n)) for n in range(51))),
    ),
    Breach(
        "total-charge-positive",
        "total_charge_cents",
        "total_charge_zero",
        BI,
        claim(lines=(line(charge_cents=0),)),
    ),
    Breach(
        "total-charge-sum",
        "total_charge_cents",
        "total_charge_mismatch",
        BI,
        claim(total_charge_cents=15001),
    ),
    Breach(
        "line-charge-negative",
        "lines[1].charge_cents",
        "line_charge_negative",
        BI,
        claim(lines=(line(), line("36415", charge_cents=-1))),
    ),
    Breach(
        "line-charge-zero",
        "lines[1].charge_cents",
        "line_charge_zero",
        BI,
        claim(lines=(line(), line("36415", charge_cents=0))),
    ),
    *(
        Breach(
            "patient-control-number",
            "patient_control_number",
            "patient_control_number_invalid",
            BI,
            claim(patient_control_number=number),
        )
        for number in ("", "C" * 21, "C*1", "C~1")
    ),
    Breach(
        "patient-control-number-advice",
        "patient_control_number",
        "patient_control_number_long",
        BI,
        claim(patient_control_number="C" * 18),
    ),
    *(
        Breach(
            "line-control-numbers",
            "lines[1].line_id",
            "line_control_number_invalid",
            BI,
            claim(lines=(line(line_id="same"), line("36415", line_id=number))),
        )
        for number in ("", "same", "x" * 31)
    ),
    Breach("frequency", "frequency", "frequency_invalid", BI, claim(frequency="6")),
    Breach(
        "original-reference",
        "original_reference",
        "original_reference_missing",
        BI,
        claim(frequency="7"),
    ),
    Breach(
        "original-reference",
        "original_reference",
        "original_reference_missing",
        BI,
        claim(frequency="8"),
    ),
    Breach(
        "original-reference-unexpected",
        "original_reference",
        "original_reference_unexpected",
        BI,
        claim(original_reference="PAYER1"),
    ),
    Breach("signed", "signed_on", "encounter_unsigned", CO, claim(signed_on=None)),
    Breach(
        "service-date-future",
        "lines[0].service_date",
        "service_date_in_future",
        BI,
        claim(),
        {"submitted_on": date(2026, 3, 1)},
    ),
    Breach(
        "service-span",
        "service_from",
        "service_dates_inconsistent",
        BI,
        claim(service_from=date(2026, 3, 3)),
    ),
    Breach(
        "service-span",
        "lines[0].service_date",
        "service_dates_inconsistent",
        BI,
        claim(lines=(line(service_date=date(2026, 2, 1)),)),
    ),
    Breach(
        "timely-filing",
        "service_from",
        "timely_filing_expired",
        BI,
        claim(),
        {"submitted_on": date(2026, 8, 30)},
    ),
    Breach(
        "timely-filing-warning",
        "service_from",
        "timely_filing_near",
        BI,
        claim(),
        {"submitted_on": date(2026, 8, 29)},
    ),
    Breach(
        "timely-filing-warning",
        "service_from",
        "timely_filing_near",
        BI,
        claim(),
        {"submitted_on": date(2026, 7, 30)},
    ),
    Breach(
        "duplicate-claim",
        "claim",
        "duplicate_claim",
        BI,
        claim(),
        {"known_duplicates": frozenset({fingerprint(claim(claim_id="C2"))})},
    ),
    Breach(
        "payer-known",
        "coverage.payer.payer_id",
        "payer_policy_missing",
        BI,
        claim(coverage=coverage("NOBODY")),
    ),
    Breach("diagnoses-present", "diagnoses", "diagnosis_missing", CO, claim(diagnoses=())),
    Breach(
        "diagnosis-limit",
        "diagnoses",
        "too_many_diagnoses",
        CO,
        claim(diagnoses=tuple(f"E11{n:02d}" for n in range(13))),
    ),
    *(
        Breach(
            "diagnosis-format",
            "diagnoses[1]",
            "diagnosis_format_invalid",
            CO,
            claim(diagnoses=("I10", code)),
        )
        for code in ("E11.9", "250", "E1", "44054006", "e119")
    ),
    Breach(
        "diagnosis-duplicate",
        "diagnoses[1]",
        "diagnosis_duplicate",
        CO,
        claim(diagnoses=("I10", "I10")),
    ),
    Breach(
        "principal-diagnosis",
        "diagnoses[0]",
        "principal_diagnosis_external_cause",
        CO,
        claim(diagnoses=("W1830XA", "I10")),
    ),
    Breach(
        "diagnosis-sex",
        "diagnoses[0]",
        "diagnosis_sex_conflict",
        CO,
        claim(diagnoses=("N401", "I10")),
    ),
    Breach(
        "diagnosis-sex",
        "diagnoses[1]",
        "diagnosis_sex_conflict",
        CO,
        claim(diagnoses=("I10", "O0990"), patient=patient(sex=Sex.MALE)),
    ),
    Breach(
        "diagnosis-age",
        "diagnoses[0]",
        "diagnosis_age_conflict",
        CO,
        claim(diagnoses=("P599", "I10")),
    ),
    *(
        Breach(
            "diagnosis-pointers",
            "lines[0].diagnosis_pointers",
            "diagnosis_pointer_invalid",
            CO,
            claim(lines=(line(diagnosis_pointers=pointers),)),
        )
        for pointers in ((), (3,), (0,), (1, 1), (1, 2, 3, 4, 5))
    ),
    *(
        Breach(
            "procedure-format",
            "lines[0].procedure",
            "procedure_format_invalid",
            CO,
            claim(lines=(line(code),)),
        )
        for code in ("9921", "99213A", "abcde", "")
    ),
    Breach(
        "procedure-sex",
        "lines[0].procedure",
        "procedure_sex_conflict",
        CO,
        claim(lines=(line("55700"),)),
    ),
    Breach(
        "procedure-age",
        "lines[0].procedure",
        "procedure_age_conflict",
        CO,
        claim(lines=(line("99395"),)),
    ),
    Breach(
        "procedure-diagnosis",
        "lines[0].diagnosis_pointers",
        "procedure_diagnosis_incompatible",
        CO,
        claim(lines=(line("90837"),)),
    ),
    Breach("units", "lines[0].units", "units_invalid", CO, claim(lines=(line(units=0),))),
    Breach("units-limit", "lines[0].units", "units_over_limit", CO, claim(lines=(line(units=2),))),
    Breach(
        "procedure-pairs",
        "lines[1].procedure",
        "procedure_pair_conflict",
        CO,
        claim(lines=(line("80053"), line("80048", modifiers=("59",)))),
    ),
    Breach(
        "procedure-pairs",
        "lines[0].procedure",
        "procedure_pair_conflict",
        CO,
        claim(diagnoses=("M5450",), lines=(line("97140"), line("97530"))),
    ),
    Breach(
        "payer-medicare-blood-draw",
        "lines[1].procedure",
        "payer_service_alone",
        CO,
        claim(coverage=coverage("CMSNORTH"), lines=(line(), line("36415"))),
    ),
    Breach(
        "units-limit-hospital",
        "lines[0].units",
        "units_over_limit",
        CO,
        claim(is_institutional=True, lines=(line("71046", units=2, revenue_code="0320"),)),
    ),
    Breach(
        "drug-quantity",
        "lines[0].drug_quantity",
        "drug_quantity_invalid",
        CO,
        claim(
            coverage=coverage("STATECAID"),
            lines=(line("J3301", ndc="00003029305", drug_quantity="0.0", drug_unit="ML"),),
        ),
    ),
    Breach(
        "drug-quantity",
        "lines[0].drug_unit",
        "drug_quantity_invalid",
        CO,
        claim(
            coverage=coverage("STATECAID"),
            lines=(line("J3301", ndc="00003029305", drug_quantity="1", drug_unit="vials"),),
        ),
    ),
    Breach("stay-present", "stay", "stay_incomplete", BI, hospital(stay=None)),
    Breach(
        "stay-present",
        "stay.patient_status",
        "stay_incomplete",
        BI,
        hospital(stay=replace(STAY, patient_status="")),
    ),
    Breach(
        "bill-type",
        "stay.facility_code",
        "bill_type_invalid",
        BI,
        hospital(stay=replace(STAY, facility_code="99")),
    ),
    Breach(
        "patient-status",
        "stay.patient_status",
        "patient_status_invalid",
        BI,
        hospital(stay=replace(STAY, patient_status="99")),
    ),
    Breach(
        "admission-facts",
        "stay.admission_source",
        "admission_incomplete",
        FD,
        hospital(stay=replace(STAY, facility_code="11", admission_type="3")),
    ),
    Breach(
        "frequency-institutional", "frequency", "frequency_invalid", BI, hospital(frequency="6")
    ),
    Breach(
        "interim-patient-status",
        "stay.patient_status",
        "patient_status_conflict",
        BI,
        hospital(frequency="2"),
    ),
    Breach(
        "final-patient-status",
        "stay.patient_status",
        "patient_status_conflict",
        BI,
        hospital(stay=replace(STAY, patient_status="30")),
    ),
    Breach(
        "stay-codes",
        "stay.value_codes[1]",
        "stay_code_duplicate",
        BI,
        hospital(stay=replace(STAY, value_codes=(("45", 800), ("45", 900)))),
    ),
    Breach(
        "stay-codes",
        "stay.occurrences[1]",
        "stay_code_duplicate",
        BI,
        hospital(stay=replace(STAY, occurrences=(("11", SERVICE_ON), ("11", SERVICE_ON)))),
    ),
    Breach(
        "line-limit-institutional",
        "lines",
        "too_many_lines",
        BI,
        hospital(
            lines=tuple(line("36415", line_id=str(n), revenue_code="0300") for n in range(1000))
        ),
    ),
    Breach(
        "procedure-pairs-hospital",
        "lines[1].procedure",
        "procedure_pair_conflict",
        CO,
        claim(
            is_institutional=True,
            lines=(line("80053", revenue_code="0301"), line("80048", revenue_code="0301")),
        ),
    ),
    Breach(
        "diagnosis-valid",
        "diagnoses[0]",
        "diagnosis_not_valid_on_date",
        CO,
        claim(diagnoses=("M545",)),
    ),
    Breach(
        "diagnosis-valid",
        "diagnoses[1]",
        "diagnosis_not_valid_on_date",
        CO,
        claim(diagnoses=("I10", "E11")),
    ),
    Breach(
        "procedure-valid",
        "lines[0].procedure",
        "procedure_not_valid_on_date",
        CO,
        claim(lines=(line("99201"),)),
    ),
    Breach(
        "drug-marketed",
        "lines[0].ndc",
        "drug_not_in_directory",
        CO,
        claim(lines=(line("J3301", ndc="99901-456-10"),)),
    ),
    Breach(
        "billing-npi-active",
        "billing_provider.npi",
        "billing_npi_inactive",
        CR,
        claim(billing_provider=billing_provider(npi=INACTIVE_NPI)),
    ),
    Breach(
        "rendering-npi-active",
        "rendering_provider.npi",
        "rendering_npi_inactive",
        CR,
        claim(rendering_provider=rendering_provider(npi=INACTIVE_NPI)),
    ),
    Breach(
        "rendering-npi-active",
        "rendering_provider.npi",
        "rendering_npi_inactive",
        CR,
        claim(rendering_provider=rendering_provider(npi=GROUP_NPI)),
    ),
    Breach(
        "facility-npi-active",
        "location.npi",
        "facility_npi_inactive",
        CR,
        claim(location=location(npi=INACTIVE_NPI)),
    ),
    Breach(
        "billing-taxonomy-listed",
        "billing_provider.taxonomy",
        "billing_taxonomy_not_listed",
        CR,
        claim(billing_provider=billing_provider(taxonomy=RETIRED_TAXONOMY)),
    ),
    Breach(
        "rendering-taxonomy-listed",
        "rendering_provider.taxonomy",
        "rendering_taxonomy_not_listed",
        CR,
        claim(rendering_provider=rendering_provider(taxonomy=RETIRED_TAXONOMY)),
    ),
    Breach(
        "duplicate-line",
        "lines[1]",
        "duplicate_line",
        CO,
        claim(lines=(line("36415"), line("36415", line_id="again"))),
    ),
    Breach(
        "modifier-format",
        "lines[0].modifiers[0]",
        "modifier_format_invalid",
        CO,
        claim(lines=(line(modifiers=("5",)),)),
    ),
    Breach(
        "modifier-format",
        "lines[0].modifiers",
        "modifier_format_invalid",
        CO,
        claim(lines=(line(modifiers=("25", "AA", "AB", "AC", "AD")),)),
    ),
    Breach(
        "modifier-duplicate",
        "lines[0].modifiers[1]",
        "modifier_duplicate",
        CO,
        claim(lines=(line(modifiers=("25", "25")),)),
    ),
    Breach(
        "modifier-incompatible",
        "lines[0].modifiers",
        "modifier_incompatible",
        CO,
        claim(lines=(line("71046", modifiers=("TC", "26")),)),
    ),
    Breach(
        "modifier-25",
        "lines[0].modifiers",
        "modifier_required",
        CO,
        claim(diagnoses=("M1711",), lines=(line(), line("20610"))),
    ),
    Breach(
        "modifier-therapy",
        "lines[0].modifiers",
        "modifier_required",
        CO,
        claim(coverage=coverage("CMSNORTH"), diagnoses=("M5450",), lines=(line("97110"),)),
    ),
    Breach(
        "modifier-telehealth",
        "lines[0].modifiers",
        "modifier_required",
        CO,
        claim(location=location(place_of_service="10")),
    ),
    Breach(
        "drug-code",
        "lines[0].ndc",
        "drug_code_missing",
        CO,
        claim(coverage=coverage("STATECAID"), lines=(line("J3301"),)),
    ),
    Breach(
        "drug-code-format",
        "lines[0].ndc",
        "drug_code_invalid",
        CO,
        claim(lines=(line("J3301", ndc="123"),)),
    ),
    Breach(
        "authorization-required", "authorizations", "authorization_missing", AU, claim(**scan())
    ),
    Breach(
        "authorization-required",
        "authorizations",
        "authorization_missing",
        AU,
        claim(authorizations=(Authorization(number="A1", procedures=("70553",)),), **scan()),
    ),
    Breach(
        "authorization-dates",
        "authorizations[0]",
        "authorization_not_valid_on_date",
        AU,
        claim(
            authorizations=(Authorization(number="A1", ends_on=date(2026, 3, 1)),),
            **scan(),
        ),
    ),
    Breach(
        "authorization-dates",
        "authorizations[0]",
        "authorization_not_valid_on_date",
        AU,
        claim(
            authorizations=(Authorization(number="A1", starts_on=date(2026, 3, 3)),),
            **scan(),
        ),
    ),
    Breach(
        "authorization-units",
        "authorizations[0].units_left",
        "authorization_units_exceeded",
        AU,
        claim(authorizations=(KNEE_AUTHORIZATION,), **scan(units=2)),
    ),
    Breach(
        "authorization-number",
        "authorizations[0].number",
        "authorization_number_invalid",
        AU,
        claim(authorizations=(Authorization(number=" "),)),
    ),
    Breach(
        "payer-medicare-member-id",
        "coverage.member_id",
        "member_id_format",
        FD,
        claim(coverage=coverage("CMSNORTH", member_id="0EG4TE5MK73")),
    ),
    Breach(
        "payer-medicaid-member-id",
        "coverage.member_id",
        "member_id_format",
        FD,
        claim(coverage=coverage("STATECAID", member_id="12345")),
    ),
    Breach(
        "payer-bluepeak-member-id",
        "coverage.member_id",
        "member_id_format",
        FD,
        claim(coverage=coverage(member_id="123456789ABC")),
    ),
    Breach(
        "payer-medicare-preventive",
        "lines[0].procedure",
        "payer_procedure_not_accepted",
        CO,
        claim(coverage=coverage("CMSNORTH"), lines=(line("99395"),)),
    ),
    Breach(
        "payer-medicaid-rendering-taxonomy",
        "rendering_provider.taxonomy",
        "payer_field_required",
        CR,
        claim(coverage=coverage("STATECAID"), rendering_provider=rendering_provider(taxonomy="")),
    ),
    Breach(
        "payer-exchange-group",
        "coverage.group_number",
        "payer_field_required",
        FD,
        claim(coverage=coverage("OPENMKT", group_number="")),
    ),
    Breach(
        "attachment-control-number",
        "attachments[0].control_number",
        "attachment_control_number_missing",
        BI,
        claim(attachments=(Attachment(report_type="03", transmission="EL"),)),
    ),
    Breach(
        "other-payer-date",
        "other_payments[0].adjudicated_on",
        "other_payer_date_missing",
        BI,
        claim(other_payments=(OtherPayerPayment(payer_id="X", adjudicated_on=None, paid_cents=1),)),
    ),
    Breach(
        "other-payer-paid",
        "other_payments[0].line_paid[0]",
        "other_payer_paid_negative",
        BI,
        claim(
            other_payments=(
                OtherPayerPayment(
                    payer_id="X",
                    adjudicated_on=SERVICE_ON,
                    paid_cents=0,
                    line_paid=(("E1-99213", -1),),
                ),
            )
        ),
    ),
    Breach(
        "other-payer-paid",
        "other_payments[0].paid_cents",
        "other_payer_paid_negative",
        BI,
        claim(
            other_payments=(
                OtherPayerPayment(payer_id="X", adjudicated_on=SERVICE_ON, paid_cents=-1),
            )
        ),
    ),
    Breach(
        "other-payer-liability",
        "other_payments[0].remaining_cents",
        "other_payer_liability_twice",
        BI,
        claim(
            other_payments=(
                OtherPayerPayment(
                    payer_id="X",
                    adjudicated_on=SERVICE_ON,
                    paid_cents=0,
                    remaining_cents=5,
                    line_remaining=(("E1-99213", 5),),
                ),
            )
        ),
    ),
    Breach(
        "revenue-code",
        "lines[0].revenue_code",
        "revenue_code_invalid",
        BI,
        claim(is_institutional=True, lines=(line(revenue_code="9999"),)),
    ),
    Breach("unmapped-payer", "Encounter.x", "unmapped_code", FD, claim(), unmapped("payers")),
    Breach("unmapped-provider", "Encounter.x", "unmapped_code", CR, claim(), unmapped("providers")),
    Breach("unmapped-location", "Encounter.x", "unmapped_code", BI, claim(), unmapped("locations")),
    Breach("unmapped-coding", "Encounter.x", "unmapped_code", CO, claim(), unmapped("procedures")),
    Breach("unmapped-other", "Encounter.x", "unmapped_code", BI, claim(), unmapped("colours")),
    Breach(
        "missing-registration",
        "Patient.birthDate",
        "missing_fact",
        FD,
        claim(),
        missing("Patient.birthDate"),
    ),
    Breach(
        "missing-provider",
        "Practitioner.identifier",
        "missing_fact",
        CR,
        claim(),
        missing("Practitioner.identifier"),
    ),
    Breach(
        "missing-clinical",
        "Condition.code",
        "missing_fact",
        CO,
        claim(),
        missing("Condition.code"),
    ),
    Breach(
        "missing-clinical",
        "Claim/1.item[0].quantity",
        "missing_fact",
        CO,
        claim(),
        missing("Claim/1.item[0].quantity"),
    ),
    Breach(
        "missing-other",
        "Encounter.period",
        "missing_fact",
        BI,
        claim(),
        missing("Encounter.period"),
    ),
]


def verdicts_on(content: ClaimContent, **changes: Any) -> tuple[Verdict, ...]:
    return judge(content, facts(content, **changes), base_rules())


@pytest.mark.parametrize("breach", BREACHES, ids=str)
def test_a_broken_claim_is_told_the_rule_the_field_the_reason_and_the_owner(
    breach: Breach,
) -> None:
    failed = [
        (one.rule_id, one.field_path, one.reason_code, one.owner)
        for one in verdicts_on(breach.claim, **breach.facts)
        if not one.passed
    ]

    expected = (breach.rule_id, breach.field_path, breach.reason_code, breach.owner)
    assert expected in failed


@pytest.mark.parametrize("breach", BREACHES, ids=str)
def test_a_reject_holds_the_claim_and_a_warning_does_not(breach: Breach) -> None:
    rule = next(rule for rule in base_rules().rules if rule.rule_id == breach.rule_id)
    mine = [
        one
        for one in verdicts_on(breach.claim, **breach.facts)
        if one.rule_id == breach.rule_id and not one.passed
    ]

    assert bool(failures(mine)) is (rule.severity is Severity.REJECT)


def test_every_rule_of_the_base_set_has_a_claim_that_breaks_it() -> None:
    assert {rule.rule_id for rule in base_rules().rules} == {one.rule_id for one in BREACHES}


CLEAN = [
    claim(),
    claim(coverage=coverage("CMSNORTH")),
    claim(coverage=coverage("STATECAID")),
    claim(coverage=coverage("OPENMKT")),
    claim(frequency="7", original_reference="PAYER1"),
    claim(frequency="8", original_reference="PAYER1"),
    claim(patient=patient(birth_date=SERVICE_ON), diagnoses=("P599",), lines=(line("99381"),)),
    claim(coverage=coverage(relationship=Relationship.CHILD, subscriber=patient(patient_id="P2"))),
    claim(coverage=coverage(starts_on=SERVICE_ON, ends_on=SERVICE_ON)),
    claim(other_coverages=(coverage("OPENMKT", rank=CoverageRank.SECONDARY),)),
    claim(billing_provider=rendering_provider(address=ADDRESS, tax_id="12-3456789")),
    claim(billing_provider=billing_provider(address=address(line1="4 Boxwood Lane"))),
    claim(location=location(npi=npi_of("199900003"))),
    claim(location=location(place_of_service="10"), lines=(line(modifiers=("95",)),)),
    claim(diagnoses=("C7A00", "M1A00X0", "S72001A", "Z3A20", "I10", "E119")),
    claim(diagnoses=("M1711",), lines=(line(modifiers=("25",)), line("20610"))),
    claim(diagnoses=("M5450",), lines=(line("97530"), line("97140", modifiers=("XU",)))),
    claim(diagnoses=("M5450",), lines=(line("97530", modifiers=("59",)), line("97140"))),
    claim(lines=(line("20610", diagnosis_pointers=(1,)), line("J1100")), diagnoses=("M1711",)),
    claim(lines=(line("36415"), line("36415", line_id="again", modifiers=("91",)))),
    claim(
        lines=(line("J3301", ndc="00003029305", drug_quantity="0.5", drug_unit="ML"),),
        coverage=coverage("STATECAID"),
    ),
    claim(authorizations=(KNEE_AUTHORIZATION,), **scan()),
    claim(authorizations=(Authorization(number="A1"),), **scan()),
    claim(authorizations=(KNEE_AUTHORIZATION, KNEE_AUTHORIZATION), **scan(units=2)),
    claim(coverage=coverage("CMSNORTH"), **scan()),
    claim(attachments=(Attachment(report_type="03", transmission="AA"),)),
    claim(
        coverage=coverage("CMSNORTH"),
        diagnoses=("M5450",),
        lines=(line("97110", modifiers=("GP",)),),
    ),
    hospital(location=location(place_of_service="21")),
    hospital(frequency="2", stay=replace(STAY, patient_status="30")),
    hospital(
        stay=replace(
            STAY,
            facility_code="11",
            admission_type="3",
            admission_source="1",
            value_codes=(("45", 800), ("46", 900)),
        )
    ),
]


@pytest.mark.parametrize("content", CLEAN, ids=range(len(CLEAN)))
def test_a_sound_claim_passes_every_rule_without_a_warning(content: ClaimContent) -> None:
    failed = [(one.rule_id, one.field_path) for one in verdicts_on(content) if not one.passed]

    assert failed == []


def test_an_absent_patient_is_one_finding_and_not_one_for_each_of_its_fields() -> None:
    failed = [one.rule_id for one in verdicts_on(claim(patient=None)) if not one.passed]

    assert failed == ["patient-present"]


def test_an_old_answer_is_fresh_enough_when_the_payer_changes_slowly() -> None:
    content = claim(coverage=coverage("CMSNORTH"))
    old = EligibilityFact(EligibilityState.ACTIVE, datetime(2026, 2, 24, tzinfo=UTC))

    assert all(one.passed for one in verdicts_on(content, eligibility=old))


def test_medicare_counts_calendar_months_to_the_last_day() -> None:
    content = claim(coverage=coverage("CMSNORTH"))

    def expired(day: date) -> bool:
        verdicts = verdicts_on(content, submitted_on=day)
        return any(one.rule_id == "timely-filing" and not one.passed for one in verdicts)

    assert not expired(date(2027, 3, 2))
    assert expired(date(2027, 3, 3))


def test_a_secondary_claim_counts_from_the_first_payers_decision() -> None:
    decided = OtherPayerPayment(
        payer_id="CMSNORTH", adjudicated_on=date(2026, 8, 1), paid_cents=100
    )
    late = date(2026, 9, 15)

    assert failures(verdicts_on(claim(), submitted_on=late))
    assert not failures(verdicts_on(claim(other_payments=(decided,)), submitted_on=late))


def test_a_replacement_is_neither_late_nor_a_duplicate_of_what_it_replaces() -> None:
    content = claim(frequency="7", original_reference="PAYER1")

    verdicts = verdicts_on(
        content,
        submitted_on=date(2026, 12, 1),
        known_duplicates=frozenset({fingerprint(content)}),
    )

    assert not failures(verdicts)


def test_units_of_a_day_add_up_over_its_lines() -> None:
    spread = claim(
        diagnoses=("M5450",),
        lines=(line("97110", units=5), line("97110", units=4, line_id="b", modifiers=("59",))),
    )

    failed = [(one.rule_id, one.field_path) for one in failures(verdicts_on(spread))]

    assert failed == [("units-limit", "lines[1].units")]


def test_an_authorization_for_everything_is_not_used_up_by_what_needs_none() -> None:
    one_unit = Authorization(number="A1", units_left=1)
    content = claim(
        diagnoses=("M25561",),
        lines=(line("36415"), line("73721")),
        authorizations=(one_unit,),
    )

    assert not failures(verdicts_on(content))


def test_each_failure_says_what_to_do() -> None:
    for rule in base_rules().rules:
        assert rule.recommended_action.endswith("."), rule.rule_id
        assert rule.reason_code == rule.reason_code.lower(), rule.rule_id


def on_two_days(first: str, second: str) -> ClaimContent:
    later = date(2026, 3, 3)
    return claim(
        diagnoses=("M1711",),
        lines=(line(first), line(second, service_date=later)),
        service_to=later,
    )


@pytest.mark.parametrize(("first", "second"), [("80053", "80048"), ("20610", "99213")])
def test_procedures_of_different_days_do_not_conflict(first: str, second: str) -> None:
    assert not failures(verdicts_on(on_two_days(first, second)))


@pytest.mark.parametrize(
    ("born", "fits"),
    [
        (date(2008, 3, 2), True),
        (date(2008, 3, 3), False),
        (date(1986, 3, 3), True),
        (date(1986, 3, 2), False),
    ],
)
def test_an_age_limit_turns_on_the_birthday(born: date, *, fits: bool) -> None:
    content = claim(patient=patient(birth_date=born), lines=(line("99395"),))

    failed = [one.rule_id for one in failures(verdicts_on(content))]

    assert failed == ([] if fits else ["procedure-age"])


def test_a_service_may_be_repeated_as_often_as_its_modifier_says_so() -> None:
    repeated = (line("36415", line_id=number, modifiers=("91",)) for number in ("a", "b"))

    failed = [one.rule_id for one in failures(verdicts_on(claim(lines=(line(), *repeated))))]

    assert failed == []


def test_an_absent_location_is_not_also_a_wrong_place() -> None:
    assert [one.rule_id for one in failures(verdicts_on(claim(location=None)))] == [
        "location-present"
    ]
