"""A rule set: declarative rules read once, under a version that is the hash of their content."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.records import PayerKind
from functions.billing.domain.rules.kinds.check import Check
from functions.billing.domain.rules.kinds.table import KINDS
from functions.billing.domain.rules.reading import Reader, content_version
from functions.billing.domain.work_items import Queue

RULES_MAX = 2_000


class Severity(StrEnum):
    """What a failed rule does to the claim."""

    REJECT = "reject"
    """The claim is held."""

    WARN = "warn"
    """The claim goes on, and the finding is kept."""


class ClaimType(StrEnum):
    """Which 837 the claim will be."""

    PROFESSIONAL = "professional"
    INSTITUTIONAL = "institutional"


OWNERS = frozenset(
    (Queue.FRONT_DESK, Queue.CODING, Queue.BILLING, Queue.CREDENTIALING, Queue.AUTHORIZATION)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicability:
    """Which claims a rule judges; an empty tuple stands for all."""

    payers: tuple[str, ...] = ()
    payer_kinds: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    service_lines: tuple[str, ...] = ()
    claim_types: tuple[str, ...] = ()
    effective_from: date | None = None
    effective_to: date | None = None

    def covers(self, claim: ClaimContent) -> bool:
        """Whether the rule speaks of this claim; the service date decides about effective dates."""
        payer = claim.coverage.payer if claim.coverage else None
        claim_type = ClaimType.INSTITUTIONAL if claim.is_institutional else ClaimType.PROFESSIONAL
        return (
            _among(payer.payer_id if payer else "", self.payers)
            and _among(payer.kind.value if payer else "", self.payer_kinds)
            and _among(claim.location.location_id if claim.location else "", self.locations)
            and _among(claim.service_line, self.service_lines)
            and _among(claim_type.value, self.claim_types)
            and (self.effective_from is None or self.effective_from <= claim.service_from)
            and (self.effective_to is None or claim.service_from <= self.effective_to)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: what it checks, and what a person does about a failure."""

    rule_id: str
    kind: str
    reason_code: str
    severity: Severity
    owner: Queue
    recommended_action: str
    applies_to: Applicability
    check: Check


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules in their order, and the version claims remember."""

    name: str
    version: str
    rules: tuple[Rule, ...]


def rule_set(content: Mapping[str, Any]) -> RuleSet:
    """Read parsed rule set data.

    Raises
    ------
    RuleSetError
        Naming the rule and the field that is missing, unknown or malformed.
    """
    top = Reader(content, subject="rule_set")
    name = top.text("name")
    for note in ("$schema", "note"):
        top.text(note, "")
    tables = top.child_or_none("tables")
    named = {table: tables.value(table) for table in tables.names()} if tables else {}
    readers = Reader(content, subject="rule_set", tables=named).children("rules")
    if not 1 <= len(readers) <= RULES_MAX:
        raise top.error("rules", f"expected 1 to {RULES_MAX} rules")
    top.children("rules")
    top.finish()
    rules = tuple(_rule(reader) for reader in readers)
    seen: set[str] = set()
    for rule in rules:
        if rule.rule_id in seen:
            raise RuleSetError(
                "rule_set_malformed",
                subject=f"rule:{rule.rule_id}",
                detail="id: stands there twice",
            )
        seen.add(rule.rule_id)
    return RuleSet(name, content_version(content), rules)


def _rule(reader: Reader) -> Rule:
    rule_id = reader.text("id")
    reader.subject, reader.path = f"rule:{rule_id}", ""
    kind = reader.text("kind")
    if kind not in KINDS:
        raise reader.error("kind", "is not a known kind of rule")
    owner = reader.choice("owner", Queue)
    if owner not in OWNERS:
        raise reader.error("owner", f"expected one of {', '.join(sorted(OWNERS))}")
    parameters = reader.child_or_none("parameters") or Reader({}, subject=reader.subject)
    check = KINDS[kind](parameters)
    parameters.finish()
    rule = Rule(
        rule_id=rule_id,
        kind=kind,
        reason_code=reader.text("reason_code"),
        severity=reader.choice("severity", Severity),
        owner=owner,
        recommended_action=reader.text("recommended_action"),
        applies_to=_applicability(reader),
        check=check,
    )
    reader.finish()
    return rule


def _applicability(reader: Reader) -> Applicability:
    part = reader.child_or_none("applies_to") or Reader({}, subject=reader.subject)
    applies_to = Applicability(
        payers=part.texts("payers", ()),
        payer_kinds=_known(part, "payer_kinds", PayerKind),
        locations=part.texts("locations", ()),
        service_lines=part.texts("service_lines", ()),
        claim_types=_known(part, "claim_types", ClaimType),
        effective_from=reader.day("effective_from"),
        effective_to=reader.day("effective_to"),
    )
    part.finish()
    return applies_to


def _known(reader: Reader, name: str, kind: type[StrEnum]) -> tuple[str, ...]:
    values = reader.texts(name, ())
    allowed = tuple(member.value for member in kind)
    if not set(values) <= set(allowed):
        raise reader.error(name, f"expected some of {', '.join(allowed)}")
    return values


def _among(value: str, allowed: tuple[str, ...]) -> bool:
    return not allowed or value in allowed
