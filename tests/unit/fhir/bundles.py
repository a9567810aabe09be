"""A complete visit as an ordinary R4 bundle, and mapping tables that know its codes."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from functions.billing.domain.records import Encounter
from functions.billing.fhir import MappingTables, encounter_from_bundle, mapping_tables

CPT = "http://www.ama-assn.org/go/cpt"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
SCT = "http://snomed.info/sct"
CVX = "http://hl7.org/fhir/sid/cvx"
NPI = "http://hl7.org/fhir/sid/us-npi"

EXAMPLE = Path(__file__).parents[3] / "rulesets" / "mappings" / "example.json"

Resource = dict[str, Any]


def mapping_content() -> dict[str, Any]:
    return {
        "format": 1,
        "name": "test",
        "notice": "for tests",
        "payers": {
            "ACME": {"name": "Acme Health", "kind": "commercial"},
            "MCARE": {"name": "A contractor", "kind": "medicare"},
            "MCAID": {"name": "A state", "kind": "medicaid"},
            "SELF": {"name": "The patient", "kind": "self_pay"},
        },
        "payer_codes": {"urn:payers|A": "ACME"},
        "coverage_texts": {
            "private": ["ACME"],
            "Dual Eligible": ["MCARE", "MCAID"],
            "no_insurance": ["SELF"],
        },
        "members": {"pat|ACME": "KEPT123"},
        "locations": {
            "urn:places|MAIN": {
                "location_id": "MAIN",
                "name": "Main",
                "place_of_service": "11",
                "department": "Clinic",
            },
            "urn:places|HOSPITAL": {"location_id": "HOSP", "name": "Hospital"},
        },
        "encounter_classes": {
            "AMB": {"place_of_service": "11", "is_institutional": False},
            "EMER": {"place_of_service": "23", "is_institutional": False},
        },
        "providers": {
            "urn:providers|GROUP": {
                "provider_id": "GROUP",
                "npi": "1793001102",
                "taxonomy": "261QM1300X",
                "tax_id": "371234560",
            }
        },
        "service_lines": {"urn:lines|PC": "primary_care"},
        "procedures": {
            f"{CPT}|99213": [{"procedure": "99213", "charge_cents": 14500}],
            f"{SCT}|185349003": [
                {"procedure": "99394", "charge_cents": 18500, "to_age_years": 17},
                {"procedure": "99395", "charge_cents": 19500, "from_age_years": 18},
            ],
            f"{SCT}|428191000124101": [{"not_billed": "it is part of the visit"}],
        },
        "diagnoses": {
            f"{SCT}|38341003": [{"diagnosis": "I10"}],
            f"{SCT}|59621000": [{"diagnosis": "I10"}],
            f"{SCT}|160903007": [{"not_coded": "it is social history"}],
            f"{SCT}|185349003": [{"diagnosis": "Z0000"}],
        },
        "vaccines": {
            "140": {"procedure": "90656", "charge_cents": 4200, "diagnosis": "Z23"},
            "113": {"procedure": "90714", "charge_cents": 5200, "diagnosis": "Z23"},
        },
        "vaccine_administration": {
            "first_procedure": "90471",
            "first_charge_cents": 3200,
            "further_procedure": "90472",
            "further_charge_cents": 2400,
        },
    }


def tables(**changes: Any) -> MappingTables:
    return mapping_tables({**mapping_content(), **changes})


def concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def patient() -> Resource:
    return {
        "resourceType": "Patient",
        "id": "pat",
        "name": [{"use": "official", "family": "Quill", "given": ["Ada", "May"]}],
        "gender": "female",
        "birthDate": "1980-05-17",
        "address": [
            {
                "line": ["1 Elm Street"],
                "city": "Boston",
                "state": "Massachusetts",
                "postalCode": "02108-1234",
            }
        ],
    }


def organization() -> Resource:
    return {
        "resourceType": "Organization",
        "id": "group",
        "identifier": [{"system": "urn:providers", "value": "GROUP"}],
        "name": "Group Practice",
        "address": [
            {"line": ["9 Oak Road"], "city": "Boston", "state": "MA", "postalCode": "02108"}
        ],
    }


def practitioner() -> Resource:
    return {
        "resourceType": "Practitioner",
        "id": "doc",
        "identifier": [{"system": NPI, "value": "1033001110"}],
        "name": [{"family": "Ames", "given": ["Lena"]}],
    }


def insurer() -> Resource:
    return {
        "resourceType": "Organization",
        "id": "insurer",
        "identifier": [{"system": "urn:payers", "value": "A"}],
        "name": "Acme Health",
    }


def coverage() -> Resource:
    return {
        "resourceType": "Coverage",
        "id": "cov",
        "status": "active",
        "subscriberId": "M123",
        "beneficiary": {"reference": "Patient/pat"},
        "payor": [{"reference": "Organization/insurer"}],
        "period": {"start": "2025-01-01", "end": "2026-12-31"},
        "class": [
            {"type": {"coding": [{"code": "group"}]}, "value": "G77"},
            {"type": {"coding": [{"code": "plan"}]}, "value": "P1", "name": "Gold"},
        ],
        "relationship": {"coding": [{"code": "self"}]},
    }


def encounter() -> Resource:
    return {
        "resourceType": "Encounter",
        "id": "enc",
        "status": "finished",
        "class": {"code": "AMB"},
        "type": [concept(SCT, "185349003")],
        "serviceType": concept("urn:lines", "PC"),
        "subject": {"reference": "Patient/pat"},
        "participant": [{"individual": {"reference": "Practitioner/doc"}}],
        "period": {"start": "2026-03-02T09:00:00-05:00", "end": "2026-03-02T09:30:00-05:00"},
        "location": [{"location": {"reference": "Location/main"}}],
        "serviceProvider": {"reference": "Organization/group"},
    }


def location() -> Resource:
    return {
        "resourceType": "Location",
        "id": "main",
        "identifier": [{"system": "urn:places", "value": "MAIN"}],
    }


def condition(identifier: str = "hypertension", code: str = "38341003") -> Resource:
    return {
        "resourceType": "Condition",
        "id": identifier,
        "code": concept(SCT, code),
        "subject": {"reference": "Patient/pat"},
        "encounter": {"reference": "Encounter/enc"},
    }


def item(sequence: int = 1, code: str = "99213", **fields: Any) -> Resource:
    return {
        "sequence": sequence,
        "productOrService": concept(CPT, code),
        "encounter": [{"reference": "Encounter/enc"}],
        "diagnosisSequence": [1],
        "net": {"value": 145, "currency": "USD"},
        **fields,
    }


def claim(
    *items: Resource, identifier: str = "claim", type_: str = "professional", **fields: Any
) -> Resource:
    return {
        "resourceType": "Claim",
        "id": identifier,
        "status": "active",
        "use": "claim",
        "type": {"coding": [{"code": type_}]},
        "patient": {"reference": "Patient/pat"},
        "provider": {"reference": "Organization/group"},
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/cov"}}],
        "diagnosis": [
            {"sequence": 1, "diagnosisReference": {"reference": "Condition/hypertension"}}
        ],
        "item": list(items) or [item()],
        **fields,
    }


def visit(*more: Resource, without: tuple[str, ...] = ()) -> list[Resource]:
    """The resources of the complete visit, less those of the types named, plus more."""
    base = [
        patient(), organization(), practitioner(), insurer(), coverage(), encounter(), location(),
        condition(), claim(),
    ]  # fmt: skip
    return [one for one in base if one["resourceType"] not in without] + list(more)


def bundle(*resources: Resource) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": copy.deepcopy(resource)} for resource in resources],
    }


def changed(resources: list[Resource], type_: str, **fields: Any) -> list[Resource]:
    """The resources with fields of one type replaced, or removed when None is given."""
    found = []
    for resource in resources:
        if resource["resourceType"] != type_:
            found.append(resource)
            continue
        merged = {**resource, **fields}
        found.append({name: value for name, value in merged.items() if value is not None})
    return found


def read(resources: list[Resource], mapping: MappingTables | None = None) -> Encounter:
    return encounter_from_bundle(bundle(*resources), "enc", mapping or tables())


def paths(encounter: Encounter) -> set[str]:
    return {problem.path for problem in encounter.problems}


def example_mapping() -> MappingTables:
    content: Mapping[str, Any] = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    return mapping_tables(content)
