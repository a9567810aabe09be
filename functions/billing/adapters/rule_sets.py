"""Rule sets, mapping and code tables: immutable content by hash, read once for each version."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from functions.billing.domain.errors import RecordNotFoundError, RuleSetError
from functions.billing.domain.events.envelope import canonical_json
from functions.billing.domain.rule_versions.roll_out import Assignment
from functions.billing.domain.rules.reading import content_version
from functions.billing.ports import Evidence, content_key

T = TypeVar("T")


class Heard(Protocol):
    """Where this process hears which versions judge."""

    def assignments(self) -> Mapping[str, Assignment]:
        """Every rule set's versions, by name."""
        ...


class StoredRuleSets:
    """`ports.RuleSets`: which version judges is heard, its content is evidence."""

    def __init__(self, heard: Heard, evidence: Evidence) -> None:
        self._heard = heard
        self._evidence = evidence
        self._read: dict[tuple[str, str, Callable[..., Any]], Any] = {}

    def rolled_out(self, name: str) -> Assignment:
        """See `ports.RuleSets`."""
        found = self._heard.assignments().get(name)
        if found is None:
            raise RuleSetError(
                "rule_set_not_published",
                subject=f"rule_set:{name}",
                detail="publish a version first",
            )
        return found

    def active(self, name: str, read: Callable[[Mapping[str, Any]], T]) -> T:
        """See `ports.RuleSets`."""
        return self.at(name, self.rolled_out(name).active, read)

    def at(self, name: str, version: str, read: Callable[[Mapping[str, Any]], T]) -> T:
        """See `ports.RuleSets`."""
        key = (name, version, read)
        if key not in self._read:
            self._read[key] = read(self._load(name, version))
        found: T = self._read[key]
        return found

    def _load(self, name: str, version: str) -> Mapping[str, Any]:
        try:
            body = self._evidence.fetch(content_key(name, version))
        except RecordNotFoundError:
            raise RuleSetError("rule_set_content_missing", subject=f"rule_set:{name}") from None
        content: Mapping[str, Any] = json.loads(body, parse_float=Decimal)
        return content


def keep(evidence: Evidence, name: str, content: Mapping[str, Any]) -> str:
    """Keep a version's content under its hash, where every version stays; the version is returned."""
    version = content_version(content)
    body = canonical_json(content)
    evidence.keep(content_key(name, version), body, content_type="application/json")
    return version
