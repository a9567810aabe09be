"""Whether a rule set makes sense before anyone relies on it: read, reachable, without contradiction, owned.

Reading a rule set stops at its first mistake, as a function must; checking it tells all of them, as a person wants.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any

from functions.billing.domain.codes import CodeTable
from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.rules.kinds.table import CODE_TABLE_KINDS
from functions.billing.domain.rules.policy import PayerPolicies
from functions.billing.domain.rules.rule_set import Applicability, Rule, rule_set

Content = Mapping[str, Any]


class Concern(StrEnum):
    """What is wrong with a rule."""

    MALFORMED = "malformed"
    """It can't be read: a field is missing, unknown or of another form."""

    UNREACHABLE = "unreachable"
    """No claim can ever be judged by it."""

    CONFLICT = "conflict"
    """Another rule says otherwise of the same claims, or no claim can satisfy both."""

    UNUSED = "unused"
    """A table no rule looks into."""

    TABLE = "table"
    """A code table it looks into is not there, or is about something else."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: where, what kind of thing, and why."""

    subject: str
    concern: Concern
    detail: str


def problems(
    content: Content, *, policies: PayerPolicies, tables: Mapping[str, CodeTable]
) -> tuple[Problem, ...]:
    """Everything wrong with a rule set, in the order of its rules; empty when it may be proposed.

    Parameters
    ----------
    content
        The rule set as parsed.
    policies
        The payers there are: a rule for any other can never speak.
    tables
        The pinned code tables by name, as far as they are there.
    """
    if refusals := tuple(_malformed(content)):
        return refusals
    read = rule_set(content)
    raw = {rule["id"]: rule for rule in content["rules"]}
    return (
        *(problem for rule in read.rules for problem in _unreachable(rule, raw, policies)),
        *_conflicts(read.rules, raw),
        *_table_problems(read.rules, raw, read.code_tables, tables),
        *_unused(content, raw.values()),
    )


def _malformed(content: Content) -> Iterator[Problem]:
    """Each rule read by itself, so that one mistake does not hide the next."""
    rules = content.get("rules")
    if not isinstance(rules, list) or not all(isinstance(rule, Mapping) for rule in rules):
        yield from _refusal(content)
        return
    found = False
    for rule in rules:
        for problem in _refusal({**content, "rules": [rule]}):
            found = True
            yield problem
    if not found:
        yield from _refusal(content)


def _refusal(content: Content) -> Iterator[Problem]:
    try:
        rule_set(content)
    except RuleSetError as error:
        yield Problem(error.subject, Concern.MALFORMED, error.detail)


def _unreachable(
    rule: Rule, raw: Mapping[str, Content], policies: PayerPolicies
) -> Iterator[Problem]:
    subject, scope = f"rule:{rule.rule_id}", rule.applies_to
    if scope.effective_from > scope.effective_to:
        yield Problem(subject, Concern.UNREACHABLE, "ends before it begins")
    for payer_id in scope.payers:
        policy = policies.of(payer_id)
        if policy is None:
            yield Problem(subject, Concern.UNREACHABLE, f"there is no payer {payer_id}")
        elif scope.payer_kinds and policy.kind.value not in scope.payer_kinds:
            yield Problem(
                subject,
                Concern.UNREACHABLE,
                f"{payer_id} is {policy.kind.value}, and the rule is for {', '.join(scope.payer_kinds)}",
            )
    when = _parameters(raw[rule.rule_id]).get("when")
    if when is not None and (field := _never(when)):
        yield Problem(
            subject, Concern.UNREACHABLE, f"its condition asks two things of {field} at once"
        )


def _conflicts(rules: Sequence[Rule], raw: Mapping[str, Content]) -> Iterator[Problem]:
    by_meaning: dict[str, list[Rule]] = {}
    for rule in rules:
        meaning = json.dumps(
            [rule.kind, _parameters(raw[rule.rule_id])], sort_keys=True, default=str
        )
        by_meaning.setdefault(meaning, []).append(rule)
    for same in by_meaning.values():
        for first, second in combinations(same, 2):
            if _overlap(first.applies_to, second.applies_to):
                yield Problem(
                    f"rule:{second.rule_id}",
                    Concern.CONFLICT,
                    f"judges what {first.rule_id} judges already{_differently(first, second)}",
                )
    yield from _contradictions([rule for rule in rules if rule.kind == "condition"], raw)


def _differently(first: Rule, second: Rule) -> str:
    for word, one, other in (
        ("severity", first.severity, second.severity),
        ("owner", first.owner, second.owner),
        ("reason", first.reason_code, second.reason_code),
    ):
        if one != other:
            return f", with another {word}"
    return ""


def _contradictions(rules: Sequence[Rule], raw: Mapping[str, Content]) -> Iterator[Problem]:
    """Two rules that want different values of one field of the same claims."""
    for first, second in combinations(rules, 2):
        mine, other = _parameters(raw[first.rule_id]), _parameters(raw[second.rule_id])
        if mine.get("when") != other.get("when"):
            continue
        if not _overlap(first.applies_to, second.applies_to):
            continue
        one, two = _allowed(mine["require"]), _allowed(other["require"])
        if one and two and one[0] == two[0] and not one[1] & two[1]:
            yield Problem(
                f"rule:{second.rule_id}",
                Concern.CONFLICT,
                f"no claim can satisfy it and {first.rule_id}: they want different values of {one[0]}",
            )


def _table_problems(
    rules: Sequence[Rule],
    raw: Mapping[str, Content],
    pins: Mapping[str, str],
    tables: Mapping[str, CodeTable],
) -> Iterator[Problem]:
    for name in pins:
        if name not in tables:
            yield Problem(
                f"code_table:{name}", Concern.TABLE, "the version it is pinned to is not there"
            )
    for rule in rules:
        table = tables.get(str(_parameters(raw[rule.rule_id]).get("code_table", "")))
        wanted = CODE_TABLE_KINDS.get(rule.kind)
        if table is not None and wanted is not None and table.terms.kind is not wanted:
            yield Problem(
                f"rule:{rule.rule_id}",
                Concern.TABLE,
                f"wants a table of {wanted}, and its table is of {table.terms.kind}",
            )


def _unused(content: Content, rules: Iterable[Content]) -> Iterator[Problem]:
    read = list(rules)
    for part, parameter in (("tables", "table"), ("code_tables", "code_table")):
        used = {_parameters(rule).get(parameter) for rule in read}
        for name in sorted(set(content.get(part, {})) - used):
            yield Problem(f"{part}:{name}", Concern.UNUSED, "no rule looks into it")


def _overlap(one: Applicability, other: Applicability) -> bool:
    """Whether some claim may be judged by both."""
    lists = (
        (one.payers, other.payers),
        (one.payer_kinds, other.payer_kinds),
        (one.locations, other.locations),
        (one.service_lines, other.service_lines),
        (one.claim_types, other.claim_types),
    )
    days = max(one.effective_from, other.effective_from) <= min(
        one.effective_to, other.effective_to
    )
    return days and all(not mine or not theirs or set(mine) & set(theirs) for mine, theirs in lists)


def _never(condition: Content) -> str:
    """The field of which a conjunction asks values that exclude each other, if there is one."""
    wanted: dict[str, set[object]] = {}
    for part in condition.get("all", [condition]):
        if "all" in part and part is not condition:
            if field := _never(part):
                return field
            continue
        if (allowed := _allowed(part)) is None:
            continue
        field, values = allowed
        wanted[field] = wanted.get(field, values) & values
        if not wanted[field]:
            return field
    return ""


def _allowed(condition: Content) -> tuple[str, set[object]] | None:
    """The values a plain test allows a field, None where they can't be listed."""
    match condition:
        case {"field": str(field), "op": "equals", "value": value}:
            return field, {value}
        case {"field": str(field), "op": "in", "value": list(values)}:
            return field, set(values)
        case _:
            return None


def _parameters(rule: Content) -> Content:
    parameters: Content = rule.get("parameters", {})
    return parameters
