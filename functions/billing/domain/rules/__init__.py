"""Rules that judge claims: `rule_set` reads versioned data, `judge` applies it to a claim."""

from functions.billing.domain.rules.facts import EligibilityFact, EligibilityState, ScrubFacts
from functions.billing.domain.rules.judge import (
    by_owner,
    failures,
    holds,
    judge,
    warnings,
)
from functions.billing.domain.rules.policy import PayerPolicies, PayerPolicy, payer_policies
from functions.billing.domain.rules.rule_set import Rule, RuleSet, rule_set
from functions.billing.domain.rules.verdict import Severity, Verdict

__all__ = [
    "EligibilityFact",
    "EligibilityState",
    "PayerPolicies",
    "PayerPolicy",
    "Rule",
    "RuleSet",
    "ScrubFacts",
    "Severity",
    "Verdict",
    "by_owner",
    "failures",
    "holds",
    "judge",
    "payer_policies",
    "rule_set",
    "warnings",
]
