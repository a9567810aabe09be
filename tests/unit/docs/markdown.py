"""The documents of the repository, taken apart as far as these tests need it."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
README = ROOT / "README.md"

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_SPAN = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Document:
    """One Markdown file."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def prose(self) -> str:
        """The text without fenced blocks and comments."""
        return _COMMENT.sub("", _FENCE.sub("", self.text))

    @property
    def links(self) -> list[str]:
        return _LINK.findall(self.prose)

    @property
    def spans(self) -> list[str]:
        """Code in the running text."""
        return _SPAN.findall(self.prose)

    @property
    def headings(self) -> list[str]:
        return re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)

    @property
    def anchors(self) -> set[str]:
        """What a link may name after `#`, as GitHub makes it of the headings."""
        return {
            re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")
            for heading in self.headings
        }

    def blocks(self, language: str) -> list[str]:
        """Fenced blocks of a language, without the indentation of a list they stand in."""
        return [
            "".join(line.removeprefix(indent) for line in body.splitlines(keepends=True))
            for indent, found, body in _FENCE.findall(self.text)
            if found == language
        ]

    def section(self, heading: str) -> str:
        """What stands below a heading, up to the next of any level."""
        _, _, after = self.text.partition(f"# {heading}\n")
        return re.split(r"^#+ ", after, maxsplit=1, flags=re.MULTILINE)[0]


def rows_of(text: str) -> list[list[str]]:
    """The rows of the first table in a text, without its head."""
    rows: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            break
    return rows[2:]


def codes_in(cell: str) -> list[str]:
    """Code spans of one cell."""
    return _SPAN.findall(cell)


@cache
def document(name: str) -> Document:
    """One document by its path from the root."""
    path = ROOT / name
    return Document(path, path.read_text(encoding="utf-8"))


@cache
def documents() -> tuple[Document, ...]:
    """The README and everything under `docs`."""
    paths = [README, *sorted(DOCS.rglob("*.md"))]
    return tuple(document(path.relative_to(ROOT).as_posix()) for path in paths)
