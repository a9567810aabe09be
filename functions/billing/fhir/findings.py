"""What reading a document could not settle, gathered while it is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from functions.billing.domain.records import MissingFact, UnmappedCode
from functions.billing.fhir.reading import Node

T = TypeVar("T")


@dataclass(slots=True)
class Findings:
    """The open questions of one document. Repeats are told once, in the order they were found."""

    _problems: list[MissingFact] = field(default_factory=list)
    _unmapped: list[UnmappedCode] = field(default_factory=list)
    _not_billed: list[str] = field(default_factory=list)

    def missing(self, path: str, expected: str) -> None:
        """A fact is absent or unreadable."""
        _once(self._problems, MissingFact(path=path, expected=expected))

    def unmapped(self, table: str, system: str, code: str, where: str) -> None:
        """A code no mapping table knows."""
        _once(self._unmapped, UnmappedCode(table=table, system=system, code=code, where=where))

    def not_billed(self, where: str, reason: str) -> None:
        """Something that was read and is deliberately not on the claim."""
        _once(self._not_billed, f"{where}: {reason}")

    def objects(self, content: Node, name: str, where: str) -> tuple[tuple[int, Node], ...]:
        """The objects of a list and their places, where what is no object must be reported."""
        value = content.get(name)
        if value is not None and not isinstance(value, list):
            self.missing(f"{where}.{name}", "a list of objects")
            return ()
        found: list[tuple[int, Node]] = []
        for place, one in enumerate(value or ()):
            if isinstance(one, Mapping):
                found.append((place, one))
            else:
                self.missing(f"{where}.{name}[{place}]", "an object")
        return tuple(found)

    @property
    def problem_list(self) -> tuple[MissingFact, ...]:
        """The missing facts."""
        return tuple(self._problems)

    @property
    def unmapped_list(self) -> tuple[UnmappedCode, ...]:
        """The unmapped codes."""
        return tuple(self._unmapped)

    @property
    def not_billed_list(self) -> tuple[str, ...]:
        """What is left off the claim, each with its reason."""
        return tuple(self._not_billed)


def _once(found: list[T], one: T) -> None:
    if one not in found:
        found.append(one)
