"""What our rules held, and what they let through that payers then turned down."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.revisions import FailedRule, Judgement
from functions.billing.domain.denials.case import DenialCase
from functions.billing.domain.rules import RuleSet
from functions.billing.domain.rules.judgements import passed
from functions.billing.domain.submission.acknowledgement import Acknowledgement, AckVerdict
from local.run_report import HeldReason, MissedByRules
from local.store import Store

DENIED, REJECTED = "denied", "rejected at the front door"

# How the ids of the rules begin that look at what a class of denials is about.
_RULES_BY_CLASS = {
    "authorization": ("authorization-",),
    "bundling": ("procedure-pairs",),
    "coding": ("diagnosis-", "modifier-", "place-of-service", "procedure-", "units"),
    "coordination_of_benefits": ("other-payer-", "payer-ranks"),
    "demographic_mismatch": ("member-id", "patient-"),
    "duplicate": ("duplicate-",),
    "eligibility": ("coverage-", "eligibility-"),
    "payer_specific_edit": ("payer-", "rendering-"),
    "timely_filing": ("timely-filing",),
}


def held_reasons(store: Store) -> tuple[HeldReason, ...]:
    """By queue and reason; a claim held twice for the same reason counts once."""
    amounts = {one.claim_id: one.charge_cents for one in store.of(Claim)}
    found: defaultdict[str, dict[str, FailedRule]] = defaultdict(dict)
    fields: defaultdict[str, set[str]] = defaultdict(set)
    for judgement in _standing(store.of(Judgement)):
        for rule in judgement.failed:
            if rule.severity == "reject":
                found[rule.reason_code][judgement.claim_id] = rule
                fields[rule.reason_code].add(rule.field_path)
    lines = [
        HeldReason(
            reason=reason,
            queue=next(iter(claims.values())).owner,
            fields=tuple(sorted(fields[reason])),
            count=len(claims),
            amount_cents=sum(amounts.get(claim_id, 0) for claim_id in claims),
            recommended_action=next(iter(claims.values())).recommended_action,
        )
        for reason, claims in found.items()
    ]
    return tuple(sorted(lines, key=lambda one: (one.queue, one.reason)))


def missed_by_rules(store: Store, rules_of: Callable[[str], RuleSet]) -> tuple[MissedByRules, ...]:
    """First answers that turn down what passed every rule, by payer and code, the dearest first.

    `rules_of` gives the rule set of a version.
    """
    grouped: defaultdict[tuple[object, ...], list[MissedByRules]] = defaultdict(list)
    for one in (*_denied(store, rules_of), *_rejected(store)):
        grouped[one.payer_id, one.said, one.codes, one.bucket].append(one)
    lines = [
        MissedByRules(
            payer_id=some[0].payer_id,
            said=some[0].said,
            codes=some[0].codes,
            bucket=some[0].bucket,
            procedures=tuple(sorted({code for one in some for code in one.procedures})),
            count=len(some),
            amount_cents=sum(one.amount_cents for one in some),
            rules_passed=tuple(sorted({rule for one in some for rule in one.rules_passed})),
        )
        for some in grouped.values()
    ]
    return tuple(sorted(lines, key=lambda one: (-one.amount_cents, one.payer_id, one.codes)))


def _standing(judgements: Iterable[Judgement]) -> Iterable[Judgement]:
    """Of each revision the newest judgement: what rolled-back rules said of it no longer stands."""
    ordered = sorted(judgements, key=lambda one: one.judging)
    return {(one.claim_id, one.revision): one for one in ordered}.values()


def _denied(store: Store, rules_of: Callable[[str], RuleSet]) -> Iterator[MissedByRules]:
    for case in store.of(DenialCase):
        if not case.is_first_pass:
            continue
        codes = (
            f"{one.group}-{one.reason}"
            for line in case.lines
            for one in line.adjustments
            if one.reason not in _CONTRACTUAL
        )
        yield MissedByRules(
            payer_id=case.payer_id,
            said=DENIED,
            codes=tuple(
                dict.fromkeys((*codes, *(code for line in case.lines for code in line.remarks)))
            ),
            bucket=case.bucket,
            procedures=tuple(line.procedure for line in case.lines if line.procedure),
            count=1,
            amount_cents=case.amount_cents,
            rules_passed=_passed(store, case.claim_id, case.bucket, rules_of),
        )


def _rejected(store: Store) -> Iterator[MissedByRules]:
    for claim in store.of(Claim):
        refusals = [
            one
            for one in store.under(Acknowledgement, claim.key.partition)
            if one.verdict is AckVerdict.REJECTED
        ]
        if refusals:
            yield MissedByRules(
                payer_id=claim.payer_id,
                said=REJECTED,
                codes=tuple(dict.fromkeys(code for one in refusals for code in one.codes)),
                bucket="",
                procedures=(),
                count=1,
                amount_cents=claim.charge_cents,
            )


def _passed(
    store: Store, claim_id: str, bucket: str, rules_of: Callable[[str], RuleSet]
) -> tuple[str, ...]:
    beginnings = _RULES_BY_CLASS.get(bucket, ())
    judgements = store.under(Judgement, Claim.key_of(claim_id).partition)
    return tuple(
        rule
        for one in _standing(judgements)
        for rule in passed(one, rules_of(one.versions["scrub"]))
        if rule.startswith(beginnings or ("\0",))
    )


# What a contract or the patient's share takes off is no denial.
_CONTRACTUAL = frozenset({"45", "1", "2", "3"})
