"""Every link leads somewhere, and every command that a document names exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.main import billing
from tests.unit.docs.markdown import ROOT, Document, document, documents

DOCUMENTS = pytest.mark.parametrize("page", documents(), ids=lambda page: page.name)
_OPTION = re.compile(r"(?<=\s)--[a-z-]+")
_TARGET = re.compile(r"^([a-z0-9-]+):", re.MULTILINE)


@DOCUMENTS
def test_every_link_leads_to_a_file_and_its_heading(page: Document) -> None:
    for link in page.links:
        if link.startswith(("https://", "http://")):
            continue
        target, _, anchor = link.partition("#")
        path = (page.path.parent / target).resolve() if target else page.path
        assert path.exists(), f"{page.name} links to {link}, which is not there"
        if anchor:
            name = path.relative_to(ROOT).as_posix()
            assert anchor in document(name).anchors, f"{page.name} links to {link}: no such heading"


@DOCUMENTS
def test_every_path_of_this_repository_that_is_named_exists(page: Document) -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"build"}
    for span in page.spans:
        first, slash, _ = span.partition("/")
        is_ours = slash and first in folders and not first.startswith(".") and " " not in span
        if is_ours and not re.search(r"[<*…]", span):
            assert (ROOT / span).exists(), f"{page.name} names {span}, which is not there"


def commands_in(page: Document) -> Iterator[str]:
    """Command lines of a page, those over several lines as one."""
    yield from page.spans
    for language in ("", "bash", "sh"):
        for block in page.blocks(language):
            yield from block.replace("\\\n", " ").splitlines()


@DOCUMENTS
def test_every_billing_command_and_option_that_is_named_exists(page: Document) -> None:
    for line in commands_in(page):
        found = re.match(r"\s*(?:\.venv/bin/)?billing (.+)", line.partition("#")[0].rstrip())
        if not found:
            continue
        words = found.group(1).split()
        command: click.Command | None = billing
        while isinstance(command, click.Group) and words:
            command = command.get_command(click.Context(command), words.pop(0))
        assert command is not None, f"{page.name} names a command that is not there: {line}"
        known = {option for each in command.params for option in each.opts}
        unknown = set(_OPTION.findall(line)) - known
        assert not unknown, f"{page.name}: {line.strip()} has no option {', '.join(unknown)}"


@DOCUMENTS
def test_every_make_target_that_is_named_exists(page: Document) -> None:
    targets = set(_TARGET.findall(Path(ROOT / "Makefile").read_text(encoding="utf-8")))
    for line in commands_in(page):
        found = re.match(r"\s*make ([a-z0-9-]+)", line)
        if found:
            assert found.group(1) in targets, f"{page.name} names make {found.group(1)}"
