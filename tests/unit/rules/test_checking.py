"""What checking a rule set finds: all of it at once, by rule, in words that say what to mend."""

import copy
from typing import Any

import pytest

from functions.billing.domain.codes import CodeTable, Entry, TableKind, TableTerms, compiled
from functions.billing.domain.codes.table import OPEN
from functions.billing.domain.rules.checking import Concern, Problem, problems
from functions.billing.domain.rules.kinds.table import CODE_TABLE_KINDS, FIELD_PATHS, KINDS
from tests.unit.rules.claims import SERVICE_ON, code_tables, example_policies, parsed

BASE = parsed("scrub/base.json")


def condition(rule_id: str, require: dict[str, Any], **changes: Any) -> dict[str, Any]:
    parameters: dict[str, Any] = {"field": "frequency", "require": require}
    if "when" in changes:
        parameters["when"] = changes.pop("when")
    return {
        "id": rule_id,
        "kind": "condition",
        "parameters": parameters,
        "reason_code": "frequency_refused",
        "severity": "reject",
        "owner": "billing",
        "recommended_action": "Choose another frequency.",
        **changes,
    }


def wants(*values: str) -> dict[str, Any]:
    return {"field": "frequency", "op": "in", "value": list(values)}


def found(*rules: dict[str, Any], **parts: Any) -> list[tuple[str, Concern]]:
    content = {"name": "test", "rules": list(rules), **parts}
    return [(one.subject, one.concern) for one in checked(content)]


def checked(content: dict[str, Any], **tables: CodeTable) -> tuple[Problem, ...]:
    return problems(content, policies=example_policies(), tables=tables)


def test_the_rules_that_are_shipped_have_nothing_to_mend() -> None:
    assert checked(BASE, **code_tables()) == ()


def test_every_malformed_rule_is_told_and_not_only_the_first() -> None:
    content = copy.deepcopy(BASE)
    del content["rules"][0]["owner"]
    content["rules"][3]["severity"] = "fatal"
    content["rules"][7]["parameters"] = {"fields": ["patient.shoe_size"]}

    told = checked(content, **code_tables())

    ids = [f"rule:{content['rules'][place]['id']}" for place in (0, 3, 7)]
    assert [one.subject for one in told] == ids
    assert {one.concern for one in told} == {Concern.MALFORMED}
    assert told[0].detail.startswith("owner")


def test_a_rule_set_that_is_none_is_told_too() -> None:
    assert found() == [("rule_set", Concern.MALFORMED)]
    (told,) = checked({"name": "test", "rules": 7})
    assert told.concern is Concern.MALFORMED


UNREACHABLE = [
    condition("one", wants("1"), effective_from="2026-02-01", effective_to="2026-01-31"),
    condition("one", wants("1"), applies_to={"payers": ["NOBODY"]}),
    condition("one", wants("1"), applies_to={"payers": ["CMSNORTH"], "payer_kinds": ["medicaid"]}),
    condition("one", wants("1"), when={"all": [wants("1"), wants("7", "8")]}),
    condition("one", wants("1"), when={"all": [wants("1"), {"all": [wants("7"), wants("8")]}]}),
]


@pytest.mark.parametrize("rule", UNREACHABLE)
def test_a_rule_no_claim_can_meet_is_unreachable(rule: dict[str, Any]) -> None:
    assert found(rule) == [("rule:one", Concern.UNREACHABLE)]


def test_a_rule_that_some_claim_can_meet_is_not() -> None:
    reachable = [
        condition("one", wants("1"), effective_from="2026-01-31", effective_to="2026-01-31"),
        condition(
            "one", wants("1"), applies_to={"payers": ["CMSNORTH"], "payer_kinds": ["medicare"]}
        ),
        condition("one", wants("1"), when={"all": [wants("1", "7"), wants("7", "8")]}),
        condition("one", wants("1"), when={"any": [wants("1"), wants("7")]}),
    ]

    assert [found(rule) for rule in reachable] == [[]] * 4


CONFLICTS = [
    (condition("one", wants("1")), condition("two", wants("1"))),
    (condition("one", wants("1")), condition("two", wants("1"), severity="warn")),
    (condition("one", wants("1")), condition("two", wants("7", "8"))),
    (
        condition("one", wants("1"), applies_to={"payers": ["CMSNORTH"]}),
        condition("two", wants("7"), applies_to={"payer_kinds": ["medicare"]}),
    ),
]


@pytest.mark.parametrize("pair", CONFLICTS)
def test_two_rules_that_contradict_or_repeat_each_other_are_in_conflict(
    pair: tuple[dict[str, Any], ...],
) -> None:
    assert found(*pair) == [("rule:two", Concern.CONFLICT)]


def test_rules_of_other_claims_or_days_do_not_conflict() -> None:
    medicare, medicaid = ({"payers": [payer]} for payer in ("CMSNORTH", "STATECAID"))

    assert not found(
        condition("one", wants("1"), applies_to=medicare),
        condition("two", wants("7"), applies_to=medicaid),
    )
    assert not found(
        condition("one", wants("1"), effective_to="2025-12-31"),
        condition("two", wants("7"), effective_from="2026-01-01"),
    )
    assert not found(condition("one", wants("1", "7")), condition("two", wants("7", "8")))
    assert not found(condition("one", wants("1"), when=wants("1")), condition("two", wants("7")))


VERSION = f"sha256:{'0' * 64}"
LIMITS = {
    "id": "limits",
    "kind": "units_limit",
    "parameters": {"code_table": "mue"},
    "reason_code": "units_over_limit",
    "severity": "reject",
    "owner": "coding",
    "recommended_action": "Check the units.",
}


def table_of(kind: TableKind) -> CodeTable:
    terms = TableTerms(kind=kind, source="test", is_complete=True)
    return CodeTable(compiled(terms, [Entry("99213", SERVICE_ON, OPEN, 11)]))


def test_a_code_table_must_be_there_and_be_about_what_the_rule_wants() -> None:
    content = {"name": "test", "code_tables": {"mue": VERSION}, "rules": [LIMITS]}

    assert checked(content, mue=table_of(TableKind.UNIT_LIMITS)) == ()
    (missing,) = checked(content)
    (other,) = checked(content, mue=table_of(TableKind.PROCEDURES))
    assert (missing.subject, missing.concern) == ("code_table:mue", Concern.TABLE)
    assert (other.subject, other.concern) == ("rule:limits", Concern.TABLE)
    assert "unit_limits" in other.detail


def test_a_table_no_rule_looks_into_is_told() -> None:
    assert found(condition("one", wants("1")), tables={"places": {}}) == [
        ("tables:places", Concern.UNUSED)
    ]


def test_every_kind_that_looks_into_a_code_table_says_what_it_is_about() -> None:
    looking = {rule["kind"] for rule in BASE["rules"] if "code_table" in rule.get("parameters", {})}

    assert looking == set(CODE_TABLE_KINDS)
    assert set(FIELD_PATHS) <= set(KINDS)
