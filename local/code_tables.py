"""The folder of code files beside the rule sets, compiled into tables."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from functions.billing.domain.codes import CodeTable, version_of
from functions.billing.domain.codes.manifest import compiled_tables
from functions.billing.domain.errors import RuleSetError

CODE_TABLES_FOLDER = Path(__file__).resolve().parent.parent / "rulesets" / "code_tables"
MANIFEST = "manifest.json"


def folder_tables(folder: Path = CODE_TABLES_FOLDER) -> dict[str, bytes]:
    """The compiled tables of a folder, by the names its manifest gives them.

    Raises
    ------
    RuleSetError
        Naming the manifest's field, or the file, line and field that can't be read.
    """
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))

    def lines(name: str) -> Iterator[str]:
        # Publishers write in several encodings, and the codes are ASCII in all of them.
        with (folder / name).open(encoding="utf-8-sig", errors="replace") as file:
            yield from file

    return compiled_tables(manifest, lines)


def folder_code_tables(
    pinned: Mapping[str, str], folder: Path = CODE_TABLES_FOLDER
) -> dict[str, CodeTable]:
    """The tables of a folder that a rule set pins, ready to be looked into.

    Raises
    ------
    RuleSetError
        If the folder has not the version that is pinned, or cannot be read.
    """
    tables = {version_of(content): content for content in folder_tables(folder).values()}
    missing = sorted(name for name, version in pinned.items() if version not in tables)
    if missing:
        raise RuleSetError(
            "code_table_missing",
            subject=f"code_table:{missing[0]}",
            detail=f"{folder} does not hold the version the rules pin",
        )
    return {name: CodeTable(tables[version]) for name, version in pinned.items()}
