"""Rule sets, mapping and code tables: immutable content by hash, and a pointer to the active version."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from time import monotonic
from typing import Any, TypeVar

from functions.billing.domain.errors import RecordNotFoundError, RuleSetError
from functions.billing.domain.events.envelope import canonical_json
from functions.billing.ports import Evidence

T = TypeVar("T")

# A new active version reaches every running function within this time.
POINTER_AGE_MAX_SECONDS = 60


def content_key(name: str, version: str) -> str:
    """Where one version of a rule set rests as evidence."""
    return f"rulesets/{name}/{version}.json"


class StoredRuleSets:
    """`ports.RuleSets`: the pointer in the records table, the content in the evidence bucket."""

    def __init__(self, client: Any, evidence: Evidence, *, table: str) -> None:
        self._client = client
        self._evidence = evidence
        self._table = table
        self._pointers: dict[str, tuple[str, float]] = {}
        self._read: dict[tuple[str, Callable[..., Any]], Any] = {}

    def active(self, name: str, read: Callable[[Mapping[str, Any]], T]) -> T:
        """See `ports.RuleSets`."""
        version, read_at = self._pointers.get(name, ("", float("-inf")))
        if monotonic() - read_at > POINTER_AGE_MAX_SECONDS:
            version = self._active_version(name)
            self._pointers[name] = (version, monotonic())
        key = content_key(name, version)
        if (key, read) not in self._read:
            self._read[key, read] = read(self._load(name, key))
        found: T = self._read[key, read]
        return found

    def _active_version(self, name: str) -> str:
        answer = self._client.get_item(TableName=self._table, Key=_pointer_key(name))
        if "Item" not in answer:
            raise RuleSetError(
                "rule_set_not_published",
                subject=f"rule_set:{name}",
                detail="publish a version first",
            )
        version: str = answer["Item"]["active_version"]["S"]
        return version

    def _load(self, name: str, key: str) -> Mapping[str, Any]:
        try:
            body = self._evidence.fetch(key)
        except RecordNotFoundError:
            raise RuleSetError("rule_set_content_missing", subject=f"rule_set:{name}") from None
        content: Mapping[str, Any] = json.loads(body, parse_float=Decimal)
        return content


def publish(
    client: Any,
    evidence: Evidence,
    *,
    table: str,
    name: str,
    content: Mapping[str, Any],
    at: datetime,
) -> str:
    """Keep a version under its hash and make it active; the content's hash is returned."""
    body = canonical_json(content)
    version = hashlib.sha256(body).hexdigest()
    evidence.keep(content_key(name, version), body, content_type="application/json")
    item = _pointer_key(name) | {
        "kind": {"S": "RULES"},
        "active_version": {"S": version},
        "activated_at": {"S": at.isoformat()},
    }
    client.put_item(TableName=table, Item=item)
    return version


def _pointer_key(name: str) -> dict[str, Any]:
    return {"pk": {"S": f"RULES#{name}"}, "sk": {"S": "RULES"}}
