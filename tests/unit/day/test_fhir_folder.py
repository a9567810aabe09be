"""A folder of bundles becomes a day: moved as one, completed with synthetic numbers, nothing lost."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.billing.domain.rules.kinds.identifiers import npi_is_valid
from functions.billing.fhir import encounter_from_bundle, mapping_tables, read_bundle
from local.day import Day, DayError, day_from_fhir
from local.day.fhir_folder import shifted
from local.payer_simulator.world import World
from tests.unit.fhir.test_samples import FILES, SAMPLES

TODAY = date(2026, 3, 2)
SCT = "http://snomed.info/sct"


def synthea_like(name: str, *days: str) -> dict[str, Any]:
    """Two kinds of Synthea reference, no member id, no usable NPI, one visit per day given."""
    patient = {
        "resourceType": "Patient", "id": name, "gender": "female", "birthDate": "1980-02-29",
        "name": [{"use": "official", "family": "Quill", "given": ["Ada"]}],
        "address": [{"line": ["1 Elm"], "city": "Boston", "state": "Massachusetts", "postalCode": "02108"}],
    }  # fmt: skip
    organization = {"resourceType": "Organization", "id": f"org-{name}", "name": "HOSPITAL"}
    entries: list[dict[str, Any]] = [patient, organization]
    for number, day in enumerate(days):
        encounter_id = f"{name}-{number}"
        entries.append({
            "resourceType": "Encounter", "id": encounter_id, "status": "finished",
            "class": {"code": "AMB"}, "type": [concept("185349003")],
            "subject": {"reference": f"urn:uuid:{name}"},
            "participant": [{"individual": {
                "reference": "Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|590",
                "display": "Dr. Waldo Deckow",
            }}],
            "period": {"start": f"{day}T23:30:00-05:00", "end": f"{day}T23:45:00-05:00"},
            "location": [{"location": {"reference": "Location?identifier=urn:synthea|L1", "display": "WARD"}}],
            "serviceProvider": {"reference": f"urn:uuid:org-{name}"},
        })  # fmt: skip
        entries.append({
            "resourceType": "Claim", "id": f"claim-{encounter_id}", "status": "active", "use": "claim",
            "type": {"coding": [{"code": "institutional"}]},
            "provider": {"reference": f"urn:uuid:org-{name}"},
            "insurance": [{"sequence": 1, "coverage": {"display": "medicare"}}],
            "item": [{"sequence": 1, "productOrService": concept("185349003"),
                      "encounter": [{"reference": f"urn:uuid:{encounter_id}"}]}],
        })  # fmt: skip
        entries.append({
            "resourceType": "Observation", "id": f"obs-{encounter_id}",
            "encounter": {"reference": f"urn:uuid:{encounter_id}"},
        })  # fmt: skip
    return {
        "resourceType": "Bundle",
        "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in entries],
    }


def concept(code: str) -> dict[str, Any]:
    return {"coding": [{"system": SCT, "code": code}]}


def folder(tmp_path: Path, **files: object) -> Path:
    for name, value in files.items():
        text = value if isinstance(value, str) else json.dumps(value)
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    return tmp_path


def two_patients(tmp_path: Path) -> Day:
    return day_from_fhir(
        folder(
            tmp_path,
            a=synthea_like("a", "2019-01-10", "2019-03-01"),
            b=synthea_like("b", "2019-02-01"),
        ),
        TODAY,
        7,
    )


def test_the_newest_encounter_was_yesterday_and_intervals_are_kept(tmp_path: Path) -> None:
    found = two_patients(tmp_path)

    starts = []
    for event in found.events:
        document = json.loads(found.documents[event.data["document_key"]])
        (encounter,) = [
            one["resource"]
            for one in document["entry"]
            if one["resource"]["resourceType"] == "Encounter"
        ]
        starts.append(date.fromisoformat(encounter["period"]["start"][:10]))
    assert starts == [TODAY - timedelta(days=days) for days in (51, 29, 1)]


def test_ages_stay_what_they_were(tmp_path: Path) -> None:
    found = two_patients(tmp_path)
    shift = (TODAY - timedelta(days=1)) - date(2019, 3, 1)

    member = found.world["members"][0]

    assert member["birth_date"] == (date(1980, 2, 29) + shift).isoformat()


def test_every_encounter_is_complete_but_for_what_is_truly_unknown(tmp_path: Path) -> None:
    found = two_patients(tmp_path)
    tables = mapping_tables(found.mapping)

    for event in found.events:
        bundle = read_bundle(found.documents[event.data["document_key"]])
        encounter = encounter_from_bundle(bundle, event.data["encounter_id"], tables)
        assert (encounter.problems, encounter.unmapped) == ((), ())
        assert encounter.billing_provider is not None
        assert encounter.rendering_provider is not None
        assert encounter.location is not None
        assert npi_is_valid(encounter.billing_provider.npi)
        assert npi_is_valid(encounter.rendering_provider.npi)
        assert encounter.rendering_provider.family == "Deckow"
        assert (encounter.location.name, encounter.location.place_of_service) == ("WARD", "11")
        (coverage,) = encounter.coverages
        assert coverage.member_id in {one["member_id"] for one in found.world["members"]}


def test_the_payers_know_each_member_from_before_the_first_visit(tmp_path: Path) -> None:
    found = two_patients(tmp_path)

    world = World.model_validate(found.world)
    assert world.clearinghouse.webhook_secret
    assert len(found.world["members"]) == 2
    for member in found.world["members"]:
        (span,) = member["coverage"]
        assert date.fromisoformat(span["begins_on"]) < TODAY - timedelta(days=60)
        assert span["ends_on"] is None


def test_an_encounters_document_holds_no_other_visit_and_no_measurements(tmp_path: Path) -> None:
    found = two_patients(tmp_path)

    for key, document in found.documents.items():
        types = [one["resource"]["resourceType"] for one in json.loads(document)["entry"]]
        assert types.count("Encounter") == types.count("Claim") == 1, key
        assert "Observation" not in types


def test_a_broken_file_is_told_by_name_and_the_others_go_on(tmp_path: Path) -> None:
    path = folder(
        tmp_path,
        a=synthea_like("a", "2019-01-10"),
        broken='{"resourceType": "Bundle", "entry": [',
        empty="",
        patient={"resourceType": "Patient", "id": "x"},
        without_visit={"resourceType": "Bundle", "entry": []},
        z_again=synthea_like("a", "2019-01-10"),
    )

    found = day_from_fhir(path, TODAY, 7)

    assert found.encounter_count == 1
    told = {one.file_name: one.reason for one in found.unreadable}
    assert set(told) == {
        "broken.json",
        "empty.json",
        "patient.json",
        "without_visit.json",
        "z_again.json",
    }
    assert "line 1, column" in told["broken.json"]
    assert "repeats an encounter of a.json" in told["z_again.json"]


def test_an_encounter_without_dates_is_told_and_the_others_of_its_file_go_on(
    tmp_path: Path,
) -> None:
    bundle = synthea_like("a", "2019-01-10", "2019-01-11")
    for entry in bundle["entry"]:
        if entry["resource"].get("id") == "a-1":
            del entry["resource"]["period"]

    found = day_from_fhir(folder(tmp_path, a=bundle), TODAY, 7)

    assert found.encounter_count == 1
    assert ["encounter:a-1" in one.reason for one in found.unreadable] == [True]


def test_a_folder_without_bundles_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(DayError, match="no FHIR bundle"):
        day_from_fhir(tmp_path, TODAY, 7)
    with pytest.raises(DayError, match="not a folder"):
        day_from_fhir(tmp_path / "absent", TODAY, 7)


def test_the_same_folder_date_and_seed_give_the_same_day(tmp_path: Path) -> None:
    assert two_patients(tmp_path) == two_patients(tmp_path)


def test_only_whole_dates_move() -> None:
    before = {
        "birthDate": "1980-02-29",
        "instant": "2019-01-01T00:00:00.123Z",
        "local": ["2019-12-31T23:30:00-05:00"],
        "year": "1980",
        "month": "1980-02",
        "code": "185349003",
        "impossible": "2019-02-30",
        "value": 7,
    }

    assert shifted(before, timedelta(days=1)) == {
        **before,
        "birthDate": "1980-03-01",
        "instant": "2019-01-02T00:00:00.123Z",
        "local": ["2020-01-01T23:30:00-05:00"],
    }


@pytest.mark.skipif(not FILES, reason="the FHIR samples are not here (BILLING_SAMPLES)")
def test_an_excerpt_of_a_sample_bills_what_the_whole_bundle_bills() -> None:
    found = day_from_fhir(SAMPLES, TODAY, 7)
    tables = mapping_tables(found.mapping)
    newest = max(
        date.fromisoformat(entry["resource"]["period"]["start"][:10])
        for path in FILES
        for entry in json.loads(path.read_bytes())["entry"]
        if entry["resource"]["resourceType"] == "Encounter"
    )
    shift = (TODAY - timedelta(days=1)) - newest

    assert (found.encounter_count, found.patient_count, found.unreadable) == (113, 10, ())
    wholes = {
        entry["resource"]["id"]: whole
        for path in FILES
        for whole in [shifted(read_bundle(path.read_bytes()), shift)]
        for entry in whole["entry"]
        if entry["resource"]["resourceType"] == "Encounter"
    }
    for event in found.events:
        encounter_id = event.data["encounter_id"]
        excerpt = read_bundle(found.documents[event.data["document_key"]])
        assert encounter_from_bundle(excerpt, encounter_id, tables) == encounter_from_bundle(
            wholes[encounter_id], encounter_id, tables
        )
