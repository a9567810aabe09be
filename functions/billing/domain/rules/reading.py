"""Reading parsed JSON strictly: every value typed, every surprise refused by name.

Used by everything that turns versioned data (rule sets, policies, code tables) into domain objects.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.rules.expressions import ExpressionError, Expressions, Holds

E = TypeVar("E", bound=StrEnum)

# Far above any honest rule set, low enough that a broken one cannot exhaust a function.
LIST_LENGTH_LIMIT = 20_000
TEXT_LENGTH_LIMIT = 1_000


def content_version(content: Mapping[str, Any]) -> str:
    """`sha256:` and the digest of the content's canonical JSON: equal data, equal version.

    Raises
    ------
    RuleSetError
        If the content holds something JSON cannot.
    """
    try:
        canonical = json.dumps(
            content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
    except (TypeError, ValueError) as error:
        raise RuleSetError("content_not_json", detail="only JSON values are allowed") from error
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


@dataclass(frozen=True)
class Parts:
    """What the rules of one set share: its tables by name, and the names of the code tables it pins."""

    tables: Mapping[str, object] = field(default_factory=dict)
    code_tables: frozenset[str] = frozenset()

    @cached_property
    def expressions(self) -> Expressions:
        """Made when the first rule holds an expression."""
        return Expressions()


class Reader:
    """One JSON object being read.

    Each method takes the field's name; those with `default` allow it to be absent. `finish` refuses
    whatever nobody asked for, so a misspelt field never silently does nothing.

    Parameters
    ----------
    content
        The parsed value; anything but an object is refused.
    subject
        What errors name, such as `rule:member-id`.
    path
        Where in the subject this object stands.
    tables
        The rule set's tables, which `table` looks names up in.
    """

    def __init__(
        self,
        content: object,
        *,
        subject: str,
        path: str = "",
        parts: "Parts | None" = None,
    ) -> None:
        self.subject = subject
        self.path = path
        self._parts = parts or Parts()
        self._read: set[str] = set()
        if not isinstance(content, Mapping):
            raise self._error("", "expected an object")
        self._content: Mapping[str, object] = content

    def has(self, name: str) -> bool:
        """Whether the field is present and not null."""
        self._read.add(name)
        return self._content.get(name) is not None

    def names(self) -> tuple[str, ...]:
        """The fields present."""
        return tuple(self._content)

    def text(self, name: str, default: str | None = None) -> str:
        """A string, not empty unless the default is."""
        value = self._take(name, default)
        if not isinstance(value, str) or len(value) > TEXT_LENGTH_LIMIT:
            raise self.error(name, f"expected text of at most {TEXT_LENGTH_LIMIT} characters")
        if not value and default is None:
            raise self.error(name, "expected text that is not empty")
        return value

    def integer(self, name: str, default: int | None = None, *, minimum: int = 0) -> int:
        """A whole number of at least `minimum`."""
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            raise self.error(name, f"expected a whole number of at least {minimum}")
        return value

    def flag(self, name: str, *, default: bool | None = None) -> bool:
        """True or false."""
        value = self._take(name, default)
        if not isinstance(value, bool):
            raise self.error(name, "expected true or false")
        return value

    def day(self, name: str) -> date | None:
        """An ISO date, or None when absent."""
        if not self.has(name):
            return None
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            raise self.error(name, "expected a date such as 2026-01-31") from None

    def choice(self, name: str, kind: type[E], default: E | None = None) -> E:
        """A member of an enumeration, by value."""
        value = self._take(name, default)
        try:
            return kind(str(value))
        except ValueError:
            allowed = ", ".join(member.value for member in kind)
            raise self.error(name, f"expected one of {allowed}") from None

    def texts(self, name: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """A list of strings."""
        values = self._list(name, default)
        if not all(isinstance(value, str) for value in values):
            raise self.error(name, "expected a list of text")
        return tuple(str(value) for value in values)

    def value(self, name: str) -> object:
        """Whatever stands there, for those who check it themselves."""
        return self._take(name, None)

    def child(self, name: str) -> "Reader":
        """An object inside this one."""
        return self._inner(name, self._take(name, None))

    def child_or_none(self, name: str) -> "Reader | None":
        """An object inside this one, if there is one."""
        return self._inner(name, self._content[name]) if self.has(name) else None

    def children(self, name: str, default: Sequence[object] | None = None) -> "tuple[Reader, ...]":
        """A list of objects."""
        values = self._list(name, default)
        return tuple(self._inner(f"{name}[{place}]", value) for place, value in enumerate(values))

    def table(self, name: str) -> "Reader":
        """The rule set's table that the field names."""
        table = self.text(name)
        if table not in self._parts.tables:
            raise self.error(name, "names a table the rule set does not have")
        return Reader(self._parts.tables[table], subject=self.subject, path=f"tables.{table}")

    def code_table(self, name: str) -> str:
        """The name of a code table the rule set pins to a version."""
        table = self.text(name)
        if table not in self._parts.code_tables:
            raise self.error(name, "names a code table the rule set pins to no version")
        return table

    def expression(self, name: str) -> tuple[Holds, bool]:
        """A CEL expression, and whether it is about single lines."""
        text = self.text(name)
        try:
            return self._parts.expressions.compile(text)
        except ExpressionError as refusal:
            raise self.error(name, str(refusal)) from None

    def finish(self) -> None:
        """Refuse fields that were never read."""
        unknown = sorted(set(self._content) - self._read)
        if unknown:
            raise self.error(unknown[0], "is not a known field here")

    def error(self, name: str, expected: str) -> RuleSetError:
        """The refusal of a field, naming the subject and the field's place."""
        return self._error(name, expected)

    def _error(self, name: str, expected: str) -> RuleSetError:
        place = ".".join(part for part in (self.path, name) if part)
        detail = f"{place}: {expected}" if place else expected
        return RuleSetError("rule_set_malformed", subject=self.subject, detail=detail)

    def _inner(self, name: str, value: object) -> "Reader":
        place = ".".join(part for part in (self.path, name) if part)
        return Reader(
            value,
            subject=self.subject,
            path=place,
            parts=self._parts,
        )

    def _take(self, name: str, default: object) -> object:
        self._read.add(name)
        value = self._content.get(name)
        if value is None:
            if default is None:
                raise self.error(name, "is missing")
            return default
        return value

    def _list(self, name: str, default: Sequence[object] | None) -> Sequence[object]:
        value = self._take(name, default)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise self.error(name, "expected a list")
        if len(value) > LIST_LENGTH_LIMIT:
            raise self.error(name, f"expected at most {LIST_LENGTH_LIMIT} entries")
        return value
