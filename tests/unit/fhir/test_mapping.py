"""Mapping tables are checked row by row, and their version is their content."""

import json
from pathlib import Path
from typing import Any

import pytest

from functions.billing.domain.errors import RuleSetError
from functions.billing.fhir import mapping_tables
from tests.unit.fhir.bundles import EXAMPLE, example_mapping, mapping_content

SCHEMA = EXAMPLE.with_name("mapping.schema.json")


def test_equal_content_has_one_version_whatever_the_order() -> None:
    content = mapping_content()
    reordered = dict(reversed(content.items()))

    assert mapping_tables(content).version == mapping_tables(reordered).version
    assert mapping_tables(content).version.startswith("sha256:")


def test_a_changed_price_is_another_version() -> None:
    content = mapping_content()
    content["vaccines"]["140"]["charge_cents"] += 1

    assert mapping_tables(content).version != mapping_tables(mapping_content()).version


@pytest.mark.parametrize(
    ("table", "key", "row", "told"),
    [
        ("payers", "X", {"name": "X", "kind": "club"}, "kind"),
        ("payer_codes", "urn:payers|B", "NOBODY", "table payers"),
        ("coverage_texts", "x", ["NOBODY"], "table payers"),
        ("coverage_texts", "PRIVATE", ["ACME"], "case"),
        ("coverage_texts", "x", "ACME", "list"),
        (
            "locations",
            "x|y",
            {"location_id": "Y", "name": "Y", "place_of_service": "1"},
            "place_of_service",
        ),
        ("locations", "x|y", {"location_id": "Y", "name": "Y", "pos": "11"}, "pos"),
        ("encounter_classes", "VR", {"place_of_service": "10"}, "is_institutional"),
        ("providers", "x|y", {"provider_id": "Y", "npi": "1234567890"}, "npi"),
        (
            "providers",
            "x|y",
            {"provider_id": "Y", "npi": "1793001102", "taxonomy": "doctor"},
            "taxonomy",
        ),
        ("service_lines", "x|y", 7, "text"),
        ("procedures", "x|y", [], "at least one"),
        ("procedures", "x|y", [{"procedure": "9921", "charge_cents": 1}], "procedure"),
        ("procedures", "x|y", [{"procedure": "99213", "charge_cents": 1.5}], "charge_cents"),
        ("procedures", "x|y", [{"procedure": "99213", "charge_cents": 0}], "charge_cents"),
        (
            "procedures",
            "x|y",
            [{"procedure": "99213", "charge_cents": 1, "modifiers": ["2"]}],
            "modifiers",
        ),
        ("procedures", "x|y", [{"not_billed": "why", "charge_cents": 1}], "charge_cents"),
        (
            "procedures",
            "x|y",
            [
                {"procedure": "99213", "charge_cents": 1},
                {"procedure": "99214", "charge_cents": 1, "from_age_years": 3},
            ],
            "overlap",
        ),
        ("diagnoses", "x|y", [{"diagnosis": "M54.50"}], "diagnosis"),
        ("vaccines", "1", {"procedure": "90656", "charge_cents": 1}, "diagnosis"),
    ],
)
def test_a_wrong_row_is_refused_with_table_row_and_field(
    table: str, key: str, row: Any, told: str
) -> None:
    content = mapping_content()
    content[table][key] = row

    with pytest.raises(RuleSetError) as caught:
        mapping_tables(content)

    assert caught.value.subject == f"mapping:{table}"
    assert f'row "{key}"' in caught.value.detail
    assert told in caught.value.detail


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"format": None},
        {"tables": {}},
        {"payers": []},
        {"notice": ""},
        {"vaccine_administration": None},
    ],
)
def test_content_that_is_not_a_mapping_of_this_format_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(RuleSetError):
        mapping_tables({**mapping_content(), **change})


def test_the_example_reads_and_says_that_it_is_one() -> None:
    content = json.loads(EXAMPLE.read_text(encoding="utf-8"))

    assert len(example_mapping().procedures) > 100
    assert "certified coder" in content["notice"]


def test_the_schema_and_the_reader_name_the_same_tables_and_fields() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    example = json.loads(EXAMPLE.read_text(encoding="utf-8"))

    assert set(example) <= set(schema["properties"])
    for table in set(mapping_content()) - {"format", "name", "notice"}:
        assert table in schema["properties"], table
    for name, definition in schema["$defs"].items():
        for fields in definition.get("oneOf", [definition]):
            assert set(fields["required"]) <= set(fields["properties"]), name


@pytest.mark.parametrize(
    "definition", ["location", "encounter_class", "provider", "vaccine", "payer"]
)
def test_a_field_the_schema_requires_is_required_by_the_reader(definition: str) -> None:
    table = {"encounter_class": "encounter_classes"}.get(definition, f"{definition}s")
    required = json.loads(Path(SCHEMA).read_text(encoding="utf-8"))["$defs"][definition]["required"]

    for field in required:
        content = mapping_content()
        row = next(iter(content[table].values()))
        del row[field]
        with pytest.raises(RuleSetError):
            mapping_tables(content)
