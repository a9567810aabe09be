"""Which versions judge a claim, and what a version on trial says beside them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.revisions import StoredContent
from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.rule_versions.comparison import Finding, Observation
from functions.billing.domain.rule_versions.lifecycle import VersionState
from functions.billing.domain.rule_versions.roll_out import Assignment, Member, RollOut, Trial
from functions.billing.domain.rules import (
    PayerPolicies,
    RuleSet,
    ScrubFacts,
    Verdict,
    judge,
    payer_policies,
    rule_set,
)
from functions.billing.domain.rules.judgements import finding_of
from functions.billing.ports import CodeTables, Records, RuleSets

T = TypeVar("T")


def judging_version(
    rule_sets: RuleSets, name: str, read: Callable[[Mapping[str, Any]], T], member: Member
) -> T:
    """The content that decides about this claim: the canary's for its cohort, else the active one's."""
    return rule_sets.at(name, rule_sets.rolled_out(name).version_for(member), read)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The versions that judge one claim, and where their rule sets stand."""

    claim: Claim
    scrub: Assignment
    policy: Assignment
    mapping: Assignment
    rule_sets: RuleSets
    code_tables: CodeTables

    @classmethod
    def of(
        cls, claim: Claim, *, records: Records, rule_sets: RuleSets, code_tables: CodeTables
    ) -> "Bench":
        """As functions were told; for a claim that is judged again, as the records say.

        The records know of a roll-back before every function has heard of it: a recalled claim must not meet the
        version again that it was recalled from.
        """

        def assignment(name: str) -> Assignment:
            if claim.rejudged:
                known = records.get(RollOut, RollOut.key_of(name))
                if known and known.active:
                    return known.assignment
            return rule_sets.rolled_out(name)

        return cls(
            claim=claim,
            scrub=assignment("scrub"),
            policy=assignment("payer_policies"),
            mapping=assignment("mapping"),
            rule_sets=rule_sets,
            code_tables=code_tables,
        )

    @property
    def member(self) -> Member:
        """The claim as cohorts see it."""
        return member_of(self.claim)

    @property
    def rules(self) -> RuleSet:
        """The rules that judge it."""
        return self.rule_sets.at("scrub", self.scrub.version_for(self.member), rule_set)

    @property
    def policies(self) -> PayerPolicies:
        """The payer policies that hold for it."""
        version = self.policy.version_for(self.member)
        return self.rule_sets.at("payer_policies", version, payer_policies)

    def observe(
        self,
        stored: StoredContent,
        facts: ScrubFacts,
        verdicts: Sequence[Verdict],
        *,
        at: datetime,
    ) -> tuple[Observation, ...]:
        """What every trial shows on this claim; nothing when nothing is on trial."""
        actual = finding_of(verdicts)
        return tuple(self._observations(stored, facts, actual, at))

    def _observations(
        self, stored: StoredContent, facts: ScrubFacts, actual: Finding, at: datetime
    ) -> Iterator[Observation]:
        if trial := self.scrub.trial:
            other = self._finding(stored, facts, _other(self.scrub, trial, self.member))
            yield from self._twin("scrub", trial, actual, other, at)
        if trial := self.policy.trial:
            other = self._under_policy(stored, facts, _other(self.policy, trial, self.member))
            yield from self._twin("payer_policies", trial, actual, other, at)
        if (trial := self.mapping.trial) and trial.stage is VersionState.CANARY:
            # A claim is made by one mapping only: its twin does not exist.
            is_made_by = stored.content.mapping_version == trial.version
            yield self._observation(
                "mapping",
                trial,
                active=None if is_made_by else actual,
                candidate=actual if is_made_by else None,
                in_cohort=is_made_by,
                at=at,
            )

    def _finding(self, stored: StoredContent, facts: ScrubFacts, version: str) -> Finding | None:
        try:
            rules = self.rule_sets.at("scrub", version, rule_set)
            tables = self.code_tables.opened(rules.code_tables)
        except RuleSetError:
            # Whoever is on trial may not stop a claim: what it cannot say is missing among its observations.
            return None
        pinned = replace(facts, code_tables=tables)
        return finding_of(judge(stored.content, pinned, rules))

    def _under_policy(
        self, stored: StoredContent, facts: ScrubFacts, version: str
    ) -> Finding | None:
        try:
            policies = self.rule_sets.at("payer_policies", version, payer_policies)
        except RuleSetError:
            return None
        changed = replace(facts, policy=policies.of(stored.content.payer_id))
        return finding_of(judge(stored.content, changed, self.rules))

    def _twin(
        self, name: str, trial: Trial, actual: Finding, other: Finding | None, at: datetime
    ) -> Iterator[Observation]:
        judges = trial.judges(self.member)
        if other is not None:
            yield self._observation(
                name,
                trial,
                active=other if judges else actual,
                candidate=actual if judges else other,
                in_cohort=judges,
                at=at,
            )

    def _observation(
        self,
        name: str,
        trial: Trial,
        *,
        active: Finding | None,
        candidate: Finding | None,
        in_cohort: bool,
        at: datetime,
    ) -> Observation:
        return Observation(
            claim_id=self.claim.claim_id,
            payer_id=self.claim.payer_id,
            charge_cents=self.claim.charge_cents,
            active=active,
            candidate=candidate,
            name=name,
            trial_version=trial.version,
            judging=self.claim.judging,
            at=at,
            in_cohort=in_cohort,
        )


def member_of(claim: Claim) -> Member:
    """A claim as cohorts see it."""
    return Member(claim_id=claim.claim_id, payer_id=claim.payer_id, location_id=claim.location_id)


def _other(assignment: Assignment, trial: Trial, member: Member) -> str:
    """The version that does not judge this claim, but says what it would."""
    return assignment.active if trial.judges(member) else trial.version
