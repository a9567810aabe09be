"""Judging a claim: every applicable rule, each with its verdict."""

from collections.abc import Iterable
from dataclasses import dataclass

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.rules.facts import ScrubFacts
from functions.billing.domain.rules.rule_set import Rule, RuleSet, Severity
from functions.billing.domain.work_items import Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one rule found in one place.

    `field_path` and `expected` are empty for a rule that passed. Nothing here repeats a value of
    the claim, so verdicts may stand in work items and audit entries.
    """

    rule_id: str
    passed: bool
    reason_code: str
    field_path: str
    severity: Severity
    recommended_action: str
    owner: Queue
    expected: str = ""


def judge(claim: ClaimContent, facts: ScrubFacts, rules: RuleSet) -> tuple[Verdict, ...]:
    """All verdicts on a claim, in the order of the rules.

    A rule that passes gives one verdict, a rule that fails one for each place, a rule that does not
    apply to the claim none. The same three arguments always give the same verdicts.
    """
    return tuple(
        verdict
        for rule in rules.rules
        if rule.applies_to.covers(claim)
        for verdict in _verdicts(rule, claim, facts)
    )


def failures(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts that hold a claim, leaving out warnings."""
    return tuple(one for one in verdicts if not one.passed and one.severity is Severity.REJECT)


def warnings(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """What was found without holding the claim."""
    return tuple(one for one in verdicts if not one.passed and one.severity is Severity.WARN)


def holds(verdicts: Iterable[Verdict]) -> bool:
    """Whether the claim must not be sent."""
    return bool(failures(verdicts))


def by_owner(verdicts: Iterable[Verdict]) -> dict[Queue, tuple[Verdict, ...]]:
    """The failures each queue must work, in the order the queues first appear."""
    owned: dict[Queue, tuple[Verdict, ...]] = {}
    for verdict in failures(verdicts):
        owned[verdict.owner] = (*owned.get(verdict.owner, ()), verdict)
    return owned


def _verdicts(rule: Rule, claim: ClaimContent, facts: ScrubFacts) -> Iterable[Verdict]:
    findings = tuple(rule.check(claim, facts))
    if not findings:
        yield _verdict(rule, passed=True, field_path="", expected="")
    for finding in findings:
        yield _verdict(rule, passed=False, field_path=finding.field_path, expected=finding.expected)


def _verdict(rule: Rule, *, passed: bool, field_path: str, expected: str) -> Verdict:
    return Verdict(
        rule_id=rule.rule_id,
        passed=passed,
        reason_code=rule.reason_code,
        field_path=field_path,
        severity=rule.severity,
        recommended_action=rule.recommended_action,
        owner=rule.owner,
        expected=expected,
    )
