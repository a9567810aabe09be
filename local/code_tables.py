"""The folder of code files beside the rule sets, compiled into tables."""

import json
from collections.abc import Iterator
from pathlib import Path

from functions.billing.domain.codes.manifest import compiled_tables

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
