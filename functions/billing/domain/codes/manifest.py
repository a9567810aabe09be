"""A folder of published code files, and what tables they make: the manifest says it, as data."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from functions.billing.domain.codes.files import BEGINNING, KINDS, CodeFile, FileFormat
from functions.billing.domain.codes.table import OPEN, Entry, TableKind, TableTerms, compiled
from functions.billing.domain.rules.reading import Reader

OpenLines = Callable[[str], Iterable[str]]
"""Gives the lines of a file of the folder, by name."""


def compiled_tables(content: Mapping[str, Any], open_lines: OpenLines) -> dict[str, bytes]:
    """The compiled tables of a manifest, by name.

    Raises
    ------
    RuleSetError
        `rule_set_malformed` naming the manifest's field, or `code_file_malformed` naming a file's line.
    """
    top = Reader(content, subject="code_tables")
    for note in ("$schema", "note"):
        top.text(note, "")
    tables = top.child("tables")
    made = {name: _table(tables.child(name), open_lines) for name in tables.names()}
    top.finish()
    return made


def _table(reader: Reader, open_lines: OpenLines) -> bytes:
    terms = TableTerms(
        kind=reader.choice("kind", TableKind),
        source=reader.text("source"),
        is_complete=reader.flag("is_complete"),
    )
    files = tuple(_file(part, terms.kind, open_lines) for part in reader.children("files"))
    reader.finish()
    return compiled(terms, _entries(files))


def _entries(files: Iterable[CodeFile]) -> Iterator[Entry]:
    for file in files:
        yield from file.entries()


def _file(reader: Reader, kind: TableKind, open_lines: OpenLines) -> CodeFile:
    name, layout = reader.text("file"), reader.choice("format", FileFormat)
    if KINDS[layout] not in {None, kind}:
        raise reader.error("format", f"gives no table of {kind}")
    file = CodeFile(
        name=name,
        lines=open_lines(name),
        format=layout,
        from_day=reader.day("from") or BEGINNING,
        to_day=reader.day("to") or OPEN,
    )
    reader.finish()
    return file
