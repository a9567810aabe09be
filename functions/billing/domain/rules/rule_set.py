"""A rule set: declarative rules read once, under a version that is the hash of their content."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.records import PayerKind
from functions.billing.domain.rules.fields import path_in_words
from functions.billing.domain.rules.kinds.check import Check, Finding
from functions.billing.domain.rules.kinds.table import FIELD_PATHS, KINDS
from functions.billing.domain.rules.reading import Parts, Reader, content_version
from functions.billing.domain.rules.verdict import Severity, Verdict
from functions.billing.domain.work_items import Queue

RULES_MAX = 2_000
KINDS_REMEMBERED_MAX = 1_000


class ClaimType(StrEnum):
    """Which 837 the claim will be."""

    PROFESSIONAL = "professional"
    INSTITUTIONAL = "institutional"


_VERSION = re.compile(r"sha256:[0-9a-f]{64}")
_CLAIM_TYPES = {False: ClaimType.PROFESSIONAL.value, True: ClaimType.INSTITUTIONAL.value}

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
    effective_from: date = date.min
    effective_to: date = date.max

    def covers(self, claim: ClaimContent) -> bool:
        """Whether the rule speaks of this claim; the service date decides about effective dates."""
        return self.covers_kind(kind_of(claim)) and self.covers_day(claim.service_from)

    def covers_kind(self, kind: "ClaimKind") -> bool:
        """Whether it speaks of claims of this kind on some day."""
        return (
            _among(kind.payer_id, self.payers)
            and _among(kind.payer_kind, self.payer_kinds)
            and _among(kind.location_id, self.locations)
            and _among(kind.service_line, self.service_lines)
            and _among(kind.claim_type, self.claim_types)
        )

    def covers_day(self, day: date) -> bool:
        """Whether it is in force on a service date."""
        return self.effective_from <= day <= self.effective_to


class ClaimKind(NamedTuple):
    """What decides which rules speak of a claim, besides its date."""

    payer_id: str
    payer_kind: str
    location_id: str
    service_line: str
    claim_type: str


def kind_of(claim: ClaimContent) -> ClaimKind:
    """The kind of a claim; what it lacks is empty."""
    payer, location = claim.coverage.payer if claim.coverage else None, claim.location
    return ClaimKind(
        payer_id=payer.payer_id if payer else "",
        payer_kind=payer.kind.value if payer else "",
        location_id=location.location_id if location else "",
        service_line=claim.service_line,
        claim_type=_CLAIM_TYPES[claim.is_institutional],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: what it checks, and what a person does about a failure.

    `field_paths` are those it names when it fails, with `[]` for a position; `passed` is its verdict on
    every claim it has nothing against.
    """

    rule_id: str
    kind: str
    reason_code: str
    severity: Severity
    owner: Queue
    recommended_action: str
    field_paths: tuple[str, ...]
    applies_to: Applicability
    check: Check
    passed: Verdict

    def failed(self, finding: Finding) -> Verdict:
        """Its verdict on one place that breaks it."""
        return replace(
            self.passed, passed=False, field_path=finding.field_path, expected=finding.expected
        )


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules in their order, and the version claims remember.

    `code_tables` names the tables the rules look into, each with its version: so a rule set's version
    covers the content of its tables, and judging by it again is exact.
    """

    name: str
    version: str
    rules: tuple[Rule, ...]
    code_tables: Mapping[str, str] = field(default_factory=dict)
    _by_kind: dict[ClaimKind, tuple[Rule, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def about(self, claim: ClaimContent) -> tuple[Rule, ...]:
        """The rules that speak of the claim, in their order.

        Which rules speak of a kind of claim is found once, so that the rules of other payers cost nothing.
        """
        kind, day = kind_of(claim), claim.service_from
        rules = self._by_kind.get(kind)
        if rules is None:
            rules = tuple(rule for rule in self.rules if rule.applies_to.covers_kind(kind))
            if len(self._by_kind) >= KINDS_REMEMBERED_MAX:
                self._by_kind.clear()
            self._by_kind[kind] = rules
        return tuple(rule for rule in rules if rule.applies_to.covers_day(day))


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
    pins = top.child_or_none("code_tables")
    code_tables = {table: _pinned(pins, table) for table in pins.names()} if pins else {}
    parts = Parts(named, frozenset(code_tables))
    readers = Reader(content, subject="rule_set", parts=parts).children("rules")
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
    return RuleSet(name, content_version(content), rules, code_tables)


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
    paths = _field_paths(kind, parameters)
    check = KINDS[kind](parameters)
    parameters.finish()
    passed = Verdict(
        rule_id=rule_id,
        passed=True,
        reason_code=reader.text("reason_code"),
        field_path="",
        severity=reader.choice("severity", Severity),
        recommended_action=reader.text("recommended_action"),
        owner=owner,
    )
    rule = Rule(
        rule_id=rule_id,
        kind=kind,
        reason_code=passed.reason_code,
        severity=passed.severity,
        owner=owner,
        recommended_action=passed.recommended_action,
        field_paths=paths,
        applies_to=_applicability(reader),
        check=check,
        passed=passed,
    )
    reader.finish()
    return rule


def _field_paths(kind: str, parameters: Reader) -> tuple[str, ...]:
    """Those the kind names, else the field or fields, or the provider's role, that the rule is about."""
    if kind in FIELD_PATHS:
        return FIELD_PATHS[kind]
    if parameters.has("fields"):
        return tuple(map(path_in_words, parameters.texts("fields")))
    return (path_in_words(parameters.text("role" if kind == "provider_kind" else "field")),)


def _pinned(pins: Reader, table: str) -> str:
    version = pins.text(table)
    if not _VERSION.fullmatch(version):
        raise pins.error(table, "expected sha256: and 64 hexadecimal digits")
    return version


def _applicability(reader: Reader) -> Applicability:
    part = reader.child_or_none("applies_to") or Reader({}, subject=reader.subject)
    applies_to = Applicability(
        payers=part.texts("payers", ()),
        payer_kinds=_known(part, "payer_kinds", PayerKind),
        locations=part.texts("locations", ()),
        service_lines=part.texts("service_lines", ()),
        claim_types=_known(part, "claim_types", ClaimType),
        effective_from=reader.day("effective_from") or date.min,
        effective_to=reader.day("effective_to") or date.max,
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


def authorizations_wanted(content: Mapping[str, Any]) -> Mapping[str, frozenset[str]]:
    """Which procedures each payer wants authorized, by the scrub rule set's own table."""
    table = content.get("tables", {}).get("authorization_required", {})
    return {payer: frozenset(procedures) for payer, procedures in table.items()}
