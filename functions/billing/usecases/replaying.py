"""Judge past claims again: by exactly the versions that judged them, or by two versions side by side.

Reads   contents and judgements of claims, versions by hash. Writes nothing.
Fails   RecordNotFoundError when the claim was never judged; RuleSetError when a version is missing or refused.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.billing.domain.claims.revisions import Judgement, StoredContent
from functions.billing.domain.codes import CodeTable
from functions.billing.domain.errors import RecordNotFoundError, RuleSetError
from functions.billing.domain.keys import Key
from functions.billing.domain.rule_versions.comparison import Comparison
from functions.billing.domain.rules import RuleSet, judge, payer_policies, rule_set
from functions.billing.domain.rules.judgements import facts_of, finding_of, judgement_of
from functions.billing.domain.rules.policy import PayerPolicies
from functions.billing.ports import CodeTables, Records, RuleSets

# The rule sets whose versions decide a verdict; a comparison exchanges one of them.
JUDGING = ("scrub", "payer_policies")


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """Where versions of everything that judges are found."""

    rule_sets: RuleSets
    code_tables: CodeTables

    def rules_of(self, judgement: Judgement) -> RuleSet:
        """The rules that judged."""
        return self.rule_sets.at("scrub", judgement.versions["scrub"], rule_set)

    def policies_of(self, judgement: Judgement) -> PayerPolicies:
        """The payer policies that held."""
        version = judgement.versions["payer_policies"]
        return self.rule_sets.at("payer_policies", version, payer_policies)

    def tables_of(self, rules: RuleSet) -> Mapping[str, CodeTable]:
        """The code tables the rules pin."""
        return self.code_tables.opened(rules.code_tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One judgement, made again. `differs` names the rules whose verdicts are not what they were."""

    claim_id: str
    judging: str
    judged_at: datetime
    versions: Mapping[str, str]
    rules: int
    differs: tuple[str, ...]

    @property
    def is_identical(self) -> bool:
        """Whether every verdict is, letter by letter, what it was."""
        return not self.differs


def replay_claim(records: Records, versions: Versions, claim_id: str) -> tuple[Replay, ...]:
    """Every judgement of a claim, oldest first, made again by the versions it names."""
    judged = tuple(_judged(records, claim_id))
    if not judged:
        raise RecordNotFoundError(
            "claim_never_judged", subject=f"claim:{claim_id}", detail="there is nothing to repeat"
        )
    return tuple(_replay(judgement, stored, versions) for judgement, stored in judged)


def compare_claims(
    records: Records,
    versions: Versions,
    claim_ids: Iterable[str],
    *,
    name: str,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
) -> Iterator[Comparison]:
    """Past claims under two contents of one rule set, all else as it was when each was judged last.

    Raises
    ------
    RuleSetError
        If the rule set judges no claims, or a content is refused.
    """
    if name not in JUDGING:
        raise RuleSetError(
            "rule_set_judges_no_claims",
            subject=f"rule_set:{name}",
            detail=f"past claims tell only what {' and '.join(JUDGING)} change",
        )
    pair = _Pair.of(name, old, new)
    for claim_id in claim_ids:
        *_, last = (None, *_judged(records, claim_id))
        if last is not None:
            yield pair.compared(*last, versions)


def _judged(records: Records, claim_id: str) -> Iterator[tuple[Judgement, StoredContent]]:
    partition = Key(f"CLAIM#{claim_id}", "").partition
    for judgement in records.under(Judgement, partition, "JUDGEMENT#"):
        key = StoredContent.key_of(claim_id, judgement.revision)
        if stored := records.get(StoredContent, key):
            yield judgement, stored


def _replay(then: Judgement, stored: StoredContent, versions: Versions) -> Replay:
    rules, policies = versions.rules_of(then), versions.policies_of(then)
    facts = facts_of(then, stored, policies, versions.tables_of(rules))
    now = judgement_of(
        stored,
        facts,
        judge(stored.content, facts, rules),
        rules,
        policies,
        judging=then.judging,
        at=then.judged_at,
    )
    return Replay(
        claim_id=then.claim_id,
        judging=then.judging,
        judged_at=then.judged_at,
        versions=then.versions,
        rules=len(rules.rules),
        differs=_differing(then, now, rules),
    )


def _differing(then: Judgement, now: Judgement, rules: RuleSet) -> tuple[str, ...]:
    names = tuple(rule.rule_id for rule in rules.rules)
    letters = {
        name
        for name, before, after in zip(
            names, then.verdicts.ljust(len(names)), now.verdicts, strict=True
        )
        if before != after
    }
    places = {one.rule_id for one in set(then.failed) ^ set(now.failed)}
    return tuple(name for name in names if name in letters | places)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two readings of one rule set; the other one is the one that judged."""

    rules: tuple[RuleSet, RuleSet] | None = None
    policies: tuple[PayerPolicies, PayerPolicies] | None = None

    @classmethod
    def of(cls, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> "_Pair":
        if name == "scrub":
            return cls(rules=(rule_set(old), rule_set(new)))
        return cls(policies=(payer_policies(old), payer_policies(new)))

    def compared(
        self, judgement: Judgement, stored: StoredContent, versions: Versions
    ) -> Comparison:
        rules = self.rules or (versions.rules_of(judgement),) * 2
        policies = self.policies or (versions.policies_of(judgement),) * 2
        before, after = (
            finding_of(
                judge(
                    stored.content,
                    facts_of(judgement, stored, policy, versions.tables_of(one)),
                    one,
                )
            )
            for one, policy in zip(rules, policies, strict=True)
        )
        return Comparison(
            claim_id=stored.claim_id,
            payer_id=stored.content.payer_id,
            charge_cents=stored.content.total_charge_cents,
            active=before,
            candidate=after,
        )
