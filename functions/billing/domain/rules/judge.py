"""Judging a claim: every applicable rule, each with its verdict."""

from collections.abc import Iterable

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.rules.facts import ScrubFacts
from functions.billing.domain.rules.rule_set import RuleSet
from functions.billing.domain.rules.verdict import Severity, Verdict
from functions.billing.domain.work_items import Queue


def judge(claim: ClaimContent, facts: ScrubFacts, rules: RuleSet) -> tuple[Verdict, ...]:
    """All verdicts on a claim, in the order of the rules.

    A rule that passes gives one verdict, a rule that fails one for each place, a rule that does not
    apply to the claim none. The same three arguments always give the same verdicts.

    Raises
    ------
    RuleSetError
        `code_table_missing` if the facts lack a code table that a rule looks into.
    """
    verdicts: list[Verdict] = []
    for rule in rules.about(claim):
        findings = tuple(rule.check(claim, facts))
        if findings:
            verdicts += map(rule.failed, findings)
        else:
            verdicts.append(rule.passed)
    return tuple(verdicts)


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
