"""Payer scenarios: claims made up for a rule set's sake, each with the verdict it should get.

Reads and writes nothing: the same scenario under the same rules and policies always ends the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from functions.billing.domain.claims.content import ClaimContent, fingerprint
from functions.billing.domain.codes import CodeTable
from functions.billing.domain.records import MissingFact, UnmappedCode
from functions.billing.domain.rule_versions.comparison import Finding
from functions.billing.domain.rules.facts import EligibilityFact, EligibilityState, ScrubFacts
from functions.billing.domain.rules.judge import judge
from functions.billing.domain.rules.judgements import finding_of
from functions.billing.domain.rules.policy import PayerPolicies
from functions.billing.domain.rules.rule_set import RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """The world around a scenario's claim."""

    submitted_on: date
    eligibility: EligibilityState = EligibilityState.ACTIVE
    is_duplicate: bool = False
    unmapped: tuple[UnmappedCode, ...] = ()
    problems: tuple[MissingFact, ...] = ()

    def facts(
        self, claim: ClaimContent, policies: PayerPolicies, tables: Mapping[str, CodeTable]
    ) -> ScrubFacts:
        """As judging wants them."""
        return ScrubFacts(
            submitted_on=self.submitted_on,
            eligibility=EligibilityFact(self.eligibility),
            known_duplicates=frozenset({fingerprint(claim)} if self.is_duplicate else ()),
            policy=policies.of(claim.payer_id),
            unmapped=self.unmapped,
            problems=self.problems,
            code_tables=tables,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One claim in its circumstances, and what the rules should say: held for exactly these reasons, or not."""

    name: str
    title: str
    claim: ClaimContent
    circumstances: Circumstances
    expected: Finding


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """How a scenario ended."""

    scenario: Scenario
    actual: Finding

    @property
    def holds(self) -> bool:
        """Whether it ended as it should."""
        return self.actual == self.scenario.expected


def run_scenarios(
    scenarios: Iterable[Scenario],
    rules: RuleSet,
    policies: PayerPolicies,
    tables: Mapping[str, CodeTable],
) -> tuple[ScenarioResult, ...]:
    """Judge each scenario's claim as a real one would be; `tables` are those the rules pin."""
    return tuple(
        ScenarioResult(
            one,
            finding_of(
                judge(one.claim, one.circumstances.facts(one.claim, policies, tables), rules)
            ),
        )
        for one in scenarios
    )
