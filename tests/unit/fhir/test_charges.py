"""Services become priced lines from the first source that lists them; the rest is accounted for."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.fhir.bundles import (
    CPT,
    CVX,
    SCT,
    changed,
    claim,
    concept,
    item,
    paths,
    read,
    tables,
    visit,
)

PATIENT = {"reference": "Patient/pat"}
ENCOUNTER = {"reference": "Encounter/enc"}


def immunization(identifier: str, code: str, when: str = "2026-03-02") -> dict[str, Any]:
    return {
        "resourceType": "Immunization",
        "id": identifier,
        "status": "completed",
        "vaccineCode": concept(CVX, code),
        "patient": PATIENT,
        "encounter": ENCOUNTER,
        "occurrenceDateTime": when,
    }


def procedure(identifier: str, system: str, code: str, **fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "Procedure",
        "id": identifier,
        "status": "completed",
        "code": concept(system, code),
        "subject": PATIENT,
        "encounter": ENCOUNTER,
        **fields,
    }


def test_an_items_price_modifiers_units_and_place_are_its_own() -> None:
    line = item(
        quantity={"value": 3},
        net={"value": Decimal("290.10"), "currency": "USD"},
        modifier=[concept(CPT, "25"), concept(CPT, "gp")],
        locationCodeableConcept=concept("urn:pos", "22"),
        servicedDate="2026-03-03",
        revenue=concept("urn:revenue", "0510"),
    )

    (found,) = read([*visit(without=("Claim",)), claim(line)]).charges

    assert (found.charge_cents, found.units, found.modifiers) == (29010, 3, ("25", "GP"))
    assert (found.place_of_service, found.service_date, found.revenue_code) == (
        "22",
        date(2026, 3, 3),
        "0510",
    )


def test_a_unit_price_is_multiplied_by_the_units() -> None:
    line = item(quantity={"value": 3}, unitPrice={"value": Decimal("10.05")})
    del line["net"]

    (found,) = read([*visit(without=("Claim",)), claim(line)]).charges

    assert found.charge_cents == 3015


def test_the_tables_price_counts_where_the_document_has_none() -> None:
    line = item(quantity={"value": 2})
    del line["net"]

    (found,) = read([*visit(without=("Claim",)), claim(line)]).charges

    assert found.charge_cents == 29000


def test_a_service_without_any_price_is_left_off_and_told() -> None:
    line = item(code="99999")
    del line["net"]

    found = read([*visit(without=("Claim",)), claim(line)])

    assert found.charges == ()
    assert "Claim/claim.item[0].net" in paths(found)


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("net", {"value": Decimal("1.005")}, "net"),
        ("net", {"value": "145"}, "net"),
        ("net", {"value": 145, "currency": "EUR"}, "net"),
        ("net", {"value": Decimal("1E+400000")}, "net"),
        ("net", {"value": Decimal("NaN")}, "net"),
        ("net", {"value": 145.0}, "net"),
        ("quantity", {"value": Decimal("1.5")}, "quantity"),
        ("quantity", "one", "quantity"),
        ("servicedDate", "yesterday", "servicedDate"),
        ("servicedDate", "2026-02-30", "servicedDate"),
    ],
)
def test_what_cannot_be_read_exactly_is_left_off_and_told(
    field: str, value: object, path: str
) -> None:
    broken = {**item(), field: value}

    found = read([*visit(without=("Claim",)), claim(broken, item(2))])

    assert [line.charge_cents for line in found.charges] == [14500]
    assert f"Claim/claim.item[0].{path}" in paths(found)


def test_an_item_that_is_no_object_is_told() -> None:
    broken = claim()
    broken["item"] = [item(), "99213"]

    assert "Claim/claim.item[1]" in paths(read([*visit(without=("Claim",)), broken]))


def test_a_mapped_service_depends_on_the_patients_age() -> None:
    checkup = item(productOrService=concept(SCT, "185349003"))
    resources = [*visit(without=("Claim",)), claim(checkup)]

    adult = read(resources).charges[0]
    child = read(changed(resources, "Patient", birthDate="2010-05-17")).charges[0]

    assert (adult.procedure, child.procedure) == ("99395", "99394")


def test_an_age_without_a_row_is_unmapped() -> None:
    mapping = tables(
        procedures={
            f"{SCT}|185349003": [{"procedure": "99395", "charge_cents": 1, "from_age_years": 99}]
        }
    )
    checkup = item(productOrService=concept(SCT, "185349003"))

    found = read([*visit(without=("Claim",)), claim(checkup)], mapping)

    assert ("procedures", "185349003") in {(one.table, one.code) for one in found.unmapped}


def test_an_unmapped_service_is_a_question_and_the_others_stand() -> None:
    strange = item(2, productOrService=concept(SCT, "371883000"))

    found = read([*visit(without=("Claim",)), claim(item(), strange)])

    assert [line.procedure for line in found.charges] == ["99213"]
    assert [(one.table, one.code, one.where) for one in found.unmapped] == [
        ("procedures", "371883000", "Claim/claim.item[1]")
    ]


def test_what_the_table_does_not_bill_is_listed_with_its_reason() -> None:
    routine = item(2, productOrService=concept(SCT, "428191000124101"))

    found = read([*visit(without=("Claim",)), claim(item(), routine)])

    assert found.not_billed == ("Claim/claim.item[1]: it is part of the visit",)


def test_an_item_that_restates_a_diagnosis_is_no_service() -> None:
    restated = item(2, productOrService=concept(SCT, "38341003"))

    found = read([*visit(without=("Claim",)), claim(item(), restated)])

    assert len(found.charges) == 1
    assert found.unmapped == ()


def test_vaccines_bring_their_administration_and_diagnosis() -> None:
    resources = visit(immunization("flu", "140"), immunization("td", "113"), without=("Claim",))
    given = claim(
        item(),
        item(2, productOrService=concept(CVX, "140"), informationSequence=[1]),
        item(3, productOrService=concept(CVX, "113"), informationSequence=[2], net=None),
        supportingInfo=[
            {"sequence": 1, "valueReference": {"reference": "Immunization/flu"}},
            {"sequence": 2, "valueReference": {"reference": "Immunization/td"}},
        ],
    )
    del given["item"][2]["net"]

    found = read([*resources, given])

    assert found.diagnoses == ("I10", "Z23")
    assert [
        (line.procedure, line.units, line.charge_cents, line.diagnosis_pointers)
        for line in found.charges
    ] == [
        ("99213", 1, 14500, (1,)),
        ("90656", 1, 14500, (2,)),
        ("90714", 1, 5200, (2,)),
        ("90471", 1, 3200, (2,)),
        ("90472", 1, 2400, (2,)),
    ]
    assert [line.line_id for line in found.charges] == ["1", "2", "3", "4", "5"]


def test_an_unmapped_vaccine_is_a_question() -> None:
    found = read([*visit(without=("Claim",)), claim(item(productOrService=concept(CVX, "999")))])

    assert [(one.table, one.code) for one in found.unmapped] == [("vaccines", "999")]


def test_charge_items_come_before_the_claim() -> None:
    charge = {
        "resourceType": "ChargeItem",
        "id": "charge",
        "status": "billable",
        "code": {"coding": [{"system": CPT, "code": "99213"}, {"system": CPT, "code": "25"}]},
        "subject": PATIENT,
        "context": ENCOUNTER,
        "occurrenceDateTime": "2026-03-02T10:00:00-05:00",
        "quantity": {"value": 1},
        "priceOverride": {"value": Decimal("99.99"), "currency": "USD"},
        "supportingInformation": [{"reference": "Condition/hypertension"}],
    }

    found = read(visit(charge))

    assert [(line.charge_cents, line.modifiers) for line in found.charges] == [(9999, ("25",))]
    assert "Claim/claim: the visit is billed from its charge items" in found.not_billed


def test_a_withdrawn_charge_item_is_not_billed() -> None:
    charge = {
        "resourceType": "ChargeItem",
        "id": "c",
        "status": "entered-in-error",
        "code": concept(CPT, "99214"),
        "context": ENCOUNTER,
    }

    found = read(visit(charge))

    assert [line.procedure for line in found.charges] == ["99213"]
    assert "ChargeItem/c: it was withdrawn" in found.not_billed


def test_procedures_and_immunizations_are_billed_where_nothing_else_lists_services() -> None:
    acts = [
        procedure(
            "visit",
            CPT,
            "99213",
            performedDateTime="2026-03-02",
            reasonReference=[{"reference": "Condition/hypertension"}],
        ),
        procedure("planned", CPT, "99214", status="preparation"),
        immunization("flu", "140"),
    ]

    found = read([*visit(without=("Claim",)), *acts])

    assert [line.procedure for line in found.charges] == ["99213", "90656", "90471"]
    assert "Procedure/planned: it was not completed" in found.not_billed
    assert found.coverages[0].member_id == "M123"


def test_a_procedure_the_claim_leaves_out_is_listed() -> None:
    assert (
        "Procedure/p: it is not on the visit's claim"
        in read(visit(procedure("p", CPT, "93000"))).not_billed
    )


def test_the_pharmacys_claims_and_orders_are_not_ours() -> None:
    order = {"resourceType": "MedicationRequest", "id": "rx", "encounter": ENCOUNTER}
    pharmacy = claim(
        identifier="drug", type_="pharmacy", prescription={"reference": "MedicationRequest/rx"}
    )

    found = read(visit(order, pharmacy))

    assert len(found.charges) == 1
    assert {
        "Claim/drug: the pharmacy bills it",
        "MedicationRequest/rx: the pharmacy bills what it dispenses",
    } <= set(found.not_billed)


def test_of_a_professional_and_an_institutional_claim_the_visits_form_counts() -> None:
    found = read(visit(claim(identifier="hospital", type_="institutional")))

    assert len(found.charges) == 1
    assert "Claim/hospital: the visit is billed on its professional claim" in found.not_billed


def test_an_institutional_claim_alone_is_billed() -> None:
    assert (
        len(read(changed(visit(), "Claim", type={"coding": [{"code": "institutional"}]})).charges)
        == 1
    )


def test_two_professional_claims_of_one_visit_are_billed_together() -> None:
    found = read(visit(claim(item(code="93000"), identifier="more")))

    assert [line.procedure for line in found.charges] == ["99213", "93000"]


def test_a_withdrawn_claim_and_a_preauthorization_are_no_source_of_charges() -> None:
    resources = [
        *visit(without=("Claim",)),
        claim(identifier="gone", status="cancelled"),
        claim(identifier="ask", use="preauthorization"),
    ]

    found = read(resources)

    assert found.charges == ()
    assert "Claim/gone: the claim was withdrawn" in found.not_billed


def test_a_claim_of_no_known_type_is_told() -> None:
    assert "Claim/claim.type" in paths(read(changed(visit(), "Claim", type=None)))


def test_items_of_another_visit_on_the_same_claim_are_not_this_visits() -> None:
    other = {
        "resourceType": "Encounter",
        "id": "other",
        "period": {"start": "2026-03-01"},
        "subject": PATIENT,
    }
    mixed = claim(item(), item(2, code="93000", encounter=[{"reference": "Encounter/other"}]))

    assert [
        line.procedure for line in read([*visit(other, without=("Claim",)), mixed]).charges
    ] == ["99213"]
