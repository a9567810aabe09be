"""The data beside the code: each file names its schema, and says each thing once."""

import json
from pathlib import Path

import pytest

from tests.unit.rules.claims import RULESETS

FOLDERS = ("scrub", "denials", "automation", "payer_policies", "code_tables")
FILES = [
    path
    for folder in FOLDERS
    for path in sorted((RULESETS / folder).glob("*.json"))
    if not path.name.endswith(".schema.json")
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_each_data_file_names_the_schema_beside_it(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    schema = json.loads((path.parent / content["$schema"]).read_text(encoding="utf-8"))

    assert schema["type"] == "object"
    assert set(content) <= set(schema["properties"])
    assert set(schema["required"]) <= set(content)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_each_data_file_holds_every_key_once(path: Path) -> None:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len({name for name, _ in pairs}) == len(pairs), pairs
        return dict(pairs)

    json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=once)
