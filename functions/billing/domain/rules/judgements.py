"""A judgement as it rests: small, and enough to judge again exactly.

What judging sees is the claim's content, these facts and the versions named; nothing else. So a judgement that
keeps all of them can be repeated years later.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from functions.billing.domain.claims.content import fingerprint
from functions.billing.domain.claims.revisions import FailedRule, Judgement, StoredContent
from functions.billing.domain.codes import CodeTable
from functions.billing.domain.rule_versions.comparison import Finding
from functions.billing.domain.rules.facts import EligibilityFact, EligibilityState, ScrubFacts
from functions.billing.domain.rules.judge import failures
from functions.billing.domain.rules.policy import PayerPolicies
from functions.billing.domain.rules.reading import content_version
from functions.billing.domain.rules.rule_set import RuleSet
from functions.billing.domain.rules.verdict import Severity, Verdict

PASSED, HELD, WARNED, NOT_ASKED = "p", "h", "w", "-"


def compact(verdicts: Sequence[Verdict], rules: RuleSet) -> str:
    """One letter for each rule of the version, in its order: passed, held, warned, or not asked."""
    letters: dict[str, str] = {}
    for verdict in verdicts:
        if verdict.passed:
            letters.setdefault(verdict.rule_id, PASSED)
        else:
            letters[verdict.rule_id] = HELD if verdict.severity is Severity.REJECT else WARNED
    return "".join(letters.get(rule.rule_id, NOT_ASKED) for rule in rules.rules)


def passed(judgement: Judgement, rules: RuleSet) -> tuple[str, ...]:
    """The rules that passed, by id; `rules` is the version that judged."""
    return tuple(
        rule.rule_id
        for rule, letter in zip(rules.rules, judgement.verdicts, strict=True)
        if letter == PASSED
    )


def judgement_of(
    stored: StoredContent,
    facts: ScrubFacts,
    verdicts: Sequence[Verdict],
    rules: RuleSet,
    policies: PayerPolicies,
    *,
    judging: str,
    at: datetime,
) -> Judgement:
    """What is kept of judging one revision."""
    return Judgement(
        claim_id=stored.claim_id,
        judging=judging,
        revision=stored.revision,
        judged_at=at,
        submitted_on=facts.submitted_on,
        versions={
            "scrub": rules.version,
            "payer_policies": policies.version,
            "mapping": stored.content.mapping_version,
            "code_tables": content_version(rules.code_tables),
        },
        eligibility_state=facts.eligibility.state,
        eligibility_checked_at=facts.eligibility.checked_at,
        eligibility_standing=facts.eligibility.standing,
        eligibility_in_grace_period=facts.eligibility.in_grace_period,
        has_twin=bool(facts.known_duplicates),
        verdicts=compact(verdicts, rules),
        failed=tuple(
            FailedRule(
                rule_id=verdict.rule_id,
                reason_code=verdict.reason_code,
                field_path=verdict.field_path,
                severity=verdict.severity,
                owner=verdict.owner,
                recommended_action=verdict.recommended_action,
            )
            for verdict in verdicts
            if not verdict.passed
        ),
    )


def facts_of(
    judgement: Judgement,
    stored: StoredContent,
    policies: PayerPolicies,
    tables: Mapping[str, CodeTable],
) -> ScrubFacts:
    """The world as it was when the claim was judged; `tables` are those the rule set pins."""
    content = stored.content
    return ScrubFacts(
        submitted_on=judgement.submitted_on,
        eligibility=EligibilityFact(
            state=EligibilityState(judgement.eligibility_state),
            checked_at=judgement.eligibility_checked_at,
            in_grace_period=judgement.eligibility_in_grace_period,
            standing=judgement.eligibility_standing,
        ),
        known_duplicates=frozenset({fingerprint(content)} if judgement.has_twin else ()),
        policy=policies.of(content.payer_id),
        unmapped=stored.unmapped,
        problems=stored.problems,
        code_tables=tables,
    )


def finding_of(verdicts: Sequence[Verdict]) -> Finding:
    """What the verdicts amount to: held or not, and every reason for it."""
    held = failures(verdicts)
    return Finding(bool(held), tuple(sorted({one.reason_code for one in held})))
