"""A FHIR bundle becomes one canonical encounter, or says what it lacks."""

from datetime import date
from typing import Any

import pytest

from functions.billing.domain.errors import ContractError
from functions.billing.domain.records import Address, Relationship, Sex
from functions.billing.fhir import encounter_from_bundle, encounter_ids
from tests.unit.fhir.bundles import (
    SCT,
    bundle,
    changed,
    claim,
    concept,
    condition,
    encounter,
    item,
    organization,
    paths,
    patient,
    practitioner,
    read,
    tables,
    visit,
)


def test_a_complete_visit_reads_without_a_question() -> None:
    found = read(visit())

    assert (found.problems, found.unmapped, found.not_billed) == ((), (), ())
    assert found.starts_on == found.ends_on == date(2026, 3, 2)
    assert found.diagnoses == ("I10",)
    assert [(line.procedure, line.charge_cents, line.units) for line in found.charges] == [
        ("99213", 14500, 1)
    ]
    assert found.service_line == "primary_care"
    assert found.mapping_version == tables().version


def test_the_patient_is_read_with_state_and_zip_as_x12_wants_them() -> None:
    found = read(visit()).patient

    assert found is not None
    assert (found.name.family, found.name.given, found.name.middle) == ("Quill", "Ada", "May")
    assert (found.sex, found.birth_date) == (Sex.FEMALE, date(1980, 5, 17))
    assert found.address == Address(
        line1="1 Elm Street", city="Boston", state="MA", postal_code="021081234"
    )


def test_the_official_name_counts_and_not_the_maiden_one() -> None:
    names = [{"use": "maiden", "family": "Elder"}, {"use": "official", "family": "Newer"}]

    found = read(changed(visit(), "Patient", name=names)).patient

    assert found is not None
    assert found.name.family == "Newer"


def test_a_date_of_service_is_the_day_on_the_clinics_clock() -> None:
    late = {"start": "2026-03-02T23:30:00-05:00", "end": "2026-03-03T00:10:00-05:00"}

    found = read(changed(visit(), "Encounter", period=late))

    assert (found.starts_on, found.ends_on) == (date(2026, 3, 2), date(2026, 3, 3))


def test_a_date_without_a_zone_is_read_as_written() -> None:
    found = read(changed(visit(), "Encounter", period={"start": "2026-03-02T23:30:00"}))

    assert found.starts_on == date(2026, 3, 2)


def test_a_month_is_not_a_date_and_the_claims_period_stands_in_with_a_question() -> None:
    resources = changed(visit(), "Encounter", period={"start": "2026-03"})
    resources = changed(resources, "Claim", billablePeriod={"start": "2026-03-02"})

    found = read(resources)

    assert found.starts_on == date(2026, 3, 2)
    assert "Encounter.period.start" in paths(found)


def test_an_encounter_without_any_date_is_refused() -> None:
    with pytest.raises(ContractError) as caught:
        read(changed(visit(), "Encounter", period=None))

    assert caught.value.code == "encounter_without_dates"


def test_an_encounter_that_is_not_in_the_bundle_is_refused_by_name() -> None:
    with pytest.raises(ContractError) as caught:
        encounter_from_bundle(bundle(*visit()), "other", tables())

    assert (caught.value.code, caught.value.subject) == ("encounter_not_found", "encounter:other")


def test_an_encounter_without_its_patient_is_not_taken_for_self_pay() -> None:
    found = read(visit(without=("Patient",)))

    assert found.patient is None
    assert found.coverages == ()
    assert {"Patient", "Coverage"} <= paths(found)


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("name", None, "Patient.name.family"),
        ("name", [{"text": "Ada Quill"}], "Patient.name.family"),
        ("birthDate", None, "Patient.birthDate"),
        ("birthDate", "1980", "Patient.birthDate"),
        ("birthDate", 1980, "Patient.birthDate"),
        ("gender", "f", "Patient.gender"),
        ("address", None, "Patient.address.line"),
        (
            "address",
            [{"line": ["1 Elm"], "city": "B", "state": "Bavaria"}],
            "Patient.address.state",
        ),
        (
            "address",
            [{"line": ["1 Elm"], "city": "B", "state": "MA", "postalCode": "2108"}],
            "Patient.address.postalCode",
        ),
    ],
)
def test_a_fact_missing_of_the_patient_is_told_with_its_path(
    field: str, value: object, path: str
) -> None:
    found = read(
        changed(visit(), "Patient", **{field: value})
        if value is not None
        else [
            {
                name: one
                for name, one in resource.items()
                if name != field or resource["resourceType"] != "Patient"
            }
            for resource in visit()
        ]
    )

    assert path in paths(found)


def test_a_deceased_patient_is_billed_like_any_other() -> None:
    found = read(changed(visit(), "Patient", deceasedDateTime="2026-03-03T01:00:00Z"))

    assert found.problems == ()
    assert found.charges


@pytest.mark.parametrize("style", ["urn", "absolute", "versioned"])
def test_references_are_followed_in_every_form(style: str) -> None:
    whole = bundle(*visit())
    urls = {}
    for entry in whole["entry"]:
        resource = entry["resource"]
        name = f"{resource['resourceType']}/{resource['id']}"
        if style == "urn":
            entry["fullUrl"] = f"urn:uuid:{resource['resourceType']}-{resource['id']}"
        elif style == "absolute":
            entry["fullUrl"] = f"https://fhir.example/r4/{name}"
        urls[name] = entry.get("fullUrl") or f"{name}/_history/3"

    found = encounter_from_bundle(_redirected(whole, urls), "enc", tables())

    assert (found.problems, found.unmapped) == ((), ())
    assert found.coverages[0].payer.payer_id == "ACME"


def _redirected(node: object, urls: dict[str, str]) -> dict[str, object]:
    def walk(one: object) -> object:
        if isinstance(one, dict):
            return {
                key: urls.get(str(value), value) if key == "reference" else walk(value)
                for key, value in one.items()
            }
        return [walk(each) for each in one] if isinstance(one, list) else one

    found = walk(node)
    assert isinstance(found, dict)
    return found


def test_an_absolute_reference_to_another_server_is_not_this_bundles_resource() -> None:
    whole = bundle(*visit())
    for entry in whole["entry"]:
        entry["fullUrl"] = (
            f"https://here.example/{entry['resource']['resourceType']}/{entry['resource']['id']}"
        )
        if entry["resource"]["resourceType"] == "Encounter":
            entry["resource"]["subject"] = {"reference": "https://there.example/Patient/pat"}

    found = encounter_from_bundle(whole, "enc", tables())

    assert found.patient is None


def test_a_conditional_reference_finds_the_provider_by_identifier_or_by_the_table() -> None:
    conditional = {"reference": "Organization?identifier=urn:providers|GROUP", "display": "Group"}
    resources = changed(visit(without=("Claim",)), "Encounter", serviceProvider=conditional)
    resources = [one for one in resources if one.get("id") != "group"]

    found = read(resources).billing_provider

    assert found is not None
    assert (found.npi, found.family, found.is_person) == ("1793001102", "Group", False)


def test_the_tables_row_counts_before_what_the_document_says_of_a_provider() -> None:
    known = {
        **organization(),
        "identifier": [
            *organization()["identifier"],
            {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1"},
        ],
    }

    found = read([known if one["id"] == "group" else one for one in visit()]).billing_provider

    assert found is not None
    assert (found.npi, found.tax_id, found.taxonomy) == ("1793001102", "371234560", "261QM1300X")


def test_a_provider_with_neither_row_nor_npi_is_unmapped() -> None:
    nameless = {**practitioner(), "identifier": [{"system": "urn:staff", "value": "7"}]}

    found = read([nameless if one["id"] == "doc" else one for one in visit()])

    assert [(one.table, one.system, one.code) for one in found.unmapped] == [
        ("providers", "urn:staff", "7")
    ]


def test_a_role_leads_to_its_practitioner_and_gives_the_taxonomy() -> None:
    role = {
        "resourceType": "PractitionerRole",
        "id": "role",
        "practitioner": {"reference": "Practitioner/doc"},
        "specialty": [concept("http://nucc.org/provider-taxonomy", "207Q00000X")],
    }
    resources = changed(
        visit(role),
        "Encounter",
        participant=[{"individual": {"reference": "PractitionerRole/role"}}],
    )

    found = read(resources).rendering_provider

    assert found is not None
    assert (found.npi, found.taxonomy) == ("1033001110", "207Q00000X")


def test_the_performer_of_the_visit_renders_it_and_not_whoever_is_named_first() -> None:
    nurse = {
        **practitioner(),
        "id": "nurse",
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1033002225"}],
    }
    participants = [
        {"individual": {"reference": "Practitioner/nurse"}},
        {"type": [{"coding": [{"code": "PPRF"}]}], "individual": {"reference": "Practitioner/doc"}},
    ]

    found = read(changed(visit(nurse), "Encounter", participant=participants)).rendering_provider

    assert found is not None
    assert found.provider_id == "doc"


def test_an_unmapped_location_is_reported_and_not_guessed_from_the_class() -> None:
    elsewhere = {
        "resourceType": "Location",
        "id": "main",
        "identifier": [{"system": "urn:places", "value": "?"}],
    }

    found = read([elsewhere if one["resourceType"] == "Location" else one for one in visit()])

    assert found.location is None
    assert [(one.table, one.code) for one in found.unmapped] == [("locations", "?")]


def test_the_class_gives_the_place_where_the_document_names_no_location() -> None:
    found = read(
        changed(visit(), "Encounter", location=None, **{"class": {"code": "EMER"}})
    ).location

    assert found is not None
    assert (found.place_of_service, found.location_id, found.name) == (
        "23",
        "group",
        "Group Practice",
    )


def test_the_class_gives_the_place_within_a_location_that_has_several() -> None:
    hospital = {
        "resourceType": "Location",
        "id": "main",
        "identifier": [{"system": "urn:places", "value": "HOSPITAL"}],
    }
    resources = [hospital if one["resourceType"] == "Location" else one for one in visit()]

    found = read(changed(resources, "Encounter", **{"class": {"code": "EMER"}})).location

    assert found is not None
    assert (found.location_id, found.place_of_service) == ("HOSP", "23")


def test_a_stay_is_told_by_the_document_and_its_class_and_never_made_up() -> None:
    inpatient = {"place_of_service": "21", "is_institutional": True, "facility_code": "11"}
    mapping = tables(encounter_classes={"IMP": {**inpatient, "patient_status": "01"}})
    told = {
        "class": {"code": "IMP"},
        "priority": nubc("PriorityTypeOfAdmitOrVisit", "2"),
        "hospitalization": {
            "admitSource": nubc("PointOfOrigin", "5"),
            "dischargeDisposition": nubc("PatDischargeStatus", "03"),
        },
    }

    found = read(changed(visit(), "Encounter", location=None, **told), mapping).stay
    silent = read(
        changed(visit(), "Encounter", location=None, **{"class": {"code": "IMP"}}), mapping
    ).stay

    assert found is not None
    assert silent is not None
    assert (found.facility_code, found.patient_status) == ("11", "03")
    assert (found.admission_type, found.admission_source) == ("2", "5")
    assert found.admitted_on == read(visit()).starts_on
    assert (silent.patient_status, silent.admission_type, silent.admission_source) == ("01", "", "")
    assert read(visit()).stay is None


def nubc(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": f"https://www.nubc.org/CodeSystem/{system}", "code": code}]}


def test_an_unknown_class_is_unmapped_when_it_would_decide_the_place() -> None:
    found = read(changed(visit(), "Encounter", location=None, **{"class": {"code": "MOON"}}))

    assert found.location is None
    assert ("encounter_classes", "MOON") in {(one.table, one.code) for one in found.unmapped}


def test_diagnoses_follow_the_encounters_ranks_then_the_claim_then_the_rest() -> None:
    resources = visit(condition("second", "59621000"), condition("social", "160903007"))
    mapping = tables(
        diagnoses={
            f"{SCT}|38341003": [{"diagnosis": "I10"}],
            f"{SCT}|59621000": [{"diagnosis": "E119"}],
            f"{SCT}|160903007": [{"not_coded": "it is social history"}],
        }
    )
    ranked = [{"condition": {"reference": "Condition/second"}, "rank": 1}]

    found = read(changed(resources, "Encounter", diagnosis=ranked), mapping)

    assert found.diagnoses == ("E119", "I10")
    assert found.charges[0].diagnosis_pointers == (2,)
    assert "Condition/social.code: it is social history" in found.not_billed


def test_two_local_codes_of_one_icd_code_are_one_diagnosis() -> None:
    resources = visit(condition("again", "59621000"), without=("Claim",))
    two = claim(
        item(1, diagnosisSequence=[1, 2]),
        diagnosis=[
            {"sequence": 1, "diagnosisReference": {"reference": "Condition/hypertension"}},
            {"sequence": 2, "diagnosisReference": {"reference": "Condition/again"}},
        ],
    )

    found = read([*resources, two])

    assert found.diagnoses == ("I10",)
    assert found.charges[0].diagnosis_pointers == (1,)


def test_a_refuted_condition_is_no_diagnosis() -> None:
    refuted = {
        **condition("doubt", "59621000"),
        "verificationStatus": {"coding": [{"code": "refuted"}]},
    }
    mapping = tables(
        diagnoses={
            f"{SCT}|38341003": [{"diagnosis": "I10"}],
            f"{SCT}|59621000": [{"diagnosis": "E119"}],
        }
    )

    assert read(visit(refuted), mapping).diagnoses == ("I10",)


def test_native_icd_codes_lose_their_dot() -> None:
    native = claim(
        diagnosis=[
            {
                "sequence": 1,
                "diagnosisCodeableConcept": concept("http://hl7.org/fhir/sid/icd-10-cm", "m54.50"),
            }
        ]
    )

    assert read([*visit(without=("Claim", "Condition")), native]).diagnoses == ("M5450",)


def test_an_unmapped_condition_is_a_question_and_not_a_guess() -> None:
    found = read(
        [
            condition("hypertension", "999") if one["resourceType"] == "Condition" else one
            for one in visit()
        ]
    )

    assert found.diagnoses == ()
    assert [(one.table, one.code, one.where) for one in found.unmapped] == [
        ("diagnoses", "999", "Condition/hypertension.code")
    ]


def test_a_visit_without_any_diagnosis_has_what_the_table_says_of_its_kind() -> None:
    plain = claim(item(diagnosisSequence=[]), diagnosis=[])

    found = read([*visit(without=("Claim", "Condition")), plain])

    assert found.diagnoses == ("Z0000",)
    assert found.charges[0].diagnosis_pointers == (1,)


def test_a_visit_of_a_kind_without_diagnosis_says_that_one_is_missing() -> None:
    plain = claim(item(diagnosisSequence=[]), diagnosis=[])

    found = read([*visit(without=("Claim", "Condition")), plain], tables(diagnoses={}))

    assert found.diagnoses == ()
    assert "Encounter.diagnosis" in paths(found)


def test_a_pointer_to_a_diagnosis_the_claim_does_not_list_is_told() -> None:
    found = read([*visit(without=("Claim",)), claim(item(diagnosisSequence=[1, 9]))])

    assert found.charges[0].diagnosis_pointers == (1,)
    assert "Claim/claim.item[0].diagnosisSequence" in paths(found)


def test_a_cancelled_visit_bills_nothing_and_says_why() -> None:
    found = read(changed(visit(), "Encounter", status="cancelled"))

    assert found.charges == ()
    assert "Encounter: the visit was cancelled" in found.not_billed


def test_the_ids_of_a_bundles_encounters_come_in_order() -> None:
    assert encounter_ids(bundle(encounter(), {**encounter(), "id": "two"}, patient())) == (
        "enc",
        "two",
    )


def test_a_dependents_coverage_names_its_subscriber() -> None:
    parent = {
        "resourceType": "RelatedPerson",
        "id": "parent",
        "name": [{"family": "Quill", "given": ["Zoe"]}],
        "birthDate": "1955-01-02",
        "gender": "female",
        "address": patient()["address"],
    }
    resources = changed(
        visit(parent),
        "Coverage",
        relationship={"coding": [{"code": "child"}]},
        subscriber={"reference": "RelatedPerson/parent"},
    )

    found = read(resources)

    assert found.problems == ()
    assert found.coverages[0].relationship is Relationship.CHILD
    assert found.coverages[0].subscriber is not None
    assert found.coverages[0].subscriber.name.given == "Zoe"
