"""Reading rule sets: what is refused, and how the refusal is worded; versions; who is judged."""

import copy
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.rules import RuleSet, judge, rule_set
from functions.billing.domain.rules.conditions import _OPERATIONS
from functions.billing.domain.rules.kinds.table import KINDS
from tests.unit.rules.claims import (
    base_rules,
    claim,
    coverage,
    facts,
    line,
    location,
    parsed,
)


def one_rule(**changes: Any) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": "lines-present",
        "kind": "lines_present",
        "reason_code": "no_service_lines",
        "severity": "reject",
        "owner": "coding",
        "recommended_action": "Code the services.",
        **changes,
    }
    return {"name": "test", "rules": [rule]}


def conditional(require: dict[str, Any], **changes: Any) -> dict[str, Any]:
    parameters = {"field": "frequency", "require": require, **changes}
    return one_rule(kind="condition", parameters=parameters)


def broken(content: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    changed = copy.deepcopy(content)
    change(changed["rules"][0])
    return changed


def nested(depth: int) -> dict[str, Any]:
    condition: dict[str, Any] = {"field": "frequency", "op": "exists"}
    for _ in range(depth):
        condition = {"not": condition}
    return condition


MALFORMED = [
    (one_rule(kind="guess"), "rule:lines-present", "kind"),
    (one_rule(severity="fatal"), "rule:lines-present", "severity"),
    (one_rule(owner="engineering"), "rule:lines-present", "owner"),
    (one_rule(owner="nobody"), "rule:lines-present", "owner"),
    (one_rule(reason_code=""), "rule:lines-present", "reason_code"),
    (one_rule(recommended_action=7), "rule:lines-present", "recommended_action"),
    (one_rule(misspelt=True), "rule:lines-present", "misspelt"),
    (one_rule(parameters={"limit": 3}), "rule:lines-present", "parameters.limit"),
    (one_rule(kind="line_limit"), "rule:lines-present", "limit"),
    (
        one_rule(kind="line_limit", parameters={"limit": True}),
        "rule:lines-present",
        "parameters.limit",
    ),
    (
        one_rule(kind="line_limit", parameters={"limit": 0}),
        "rule:lines-present",
        "parameters.limit",
    ),
    (one_rule(applies_to={"payer": ["X"]}), "rule:lines-present", "applies_to.payer"),
    (
        one_rule(applies_to={"payer_kinds": ["private"]}),
        "rule:lines-present",
        "applies_to.payer_kinds",
    ),
    (one_rule(effective_from="yesterday"), "rule:lines-present", "effective_from"),
    (
        one_rule(kind="diagnosis_sex", parameters={"table": "sexes"}),
        "rule:lines-present",
        "parameters.table",
    ),
    (
        one_rule(kind="units_limit", parameters={"code_table": "limits"}),
        "rule:lines-present",
        "parameters.code_table",
    ),
    (
        {**one_rule(), "code_tables": {"limits": "the newest"}},
        "rule_set",
        "code_tables.limits",
    ),
    (
        one_rule(kind="required_fields", parameters={"fields": ["__class__"]}),
        "rule:lines-present",
        "parameters.fields",
    ),
    (
        conditional({"field": "patient.__dict__", "op": "exists"}),
        "rule:lines-present",
        "parameters.require.field",
    ),
    (
        conditional({"field": "frequency", "op": "matches", "value": ".*"}),
        "rule:lines-present",
        "parameters.require.op",
    ),
    (
        conditional({"field": "frequency", "op": "in", "value": "1"}),
        "rule:lines-present",
        "parameters.require.value",
    ),
    (
        conditional({"field": "frequency", "op": "equals", "value": "1", "else": 1}),
        "rule:lines-present",
        "parameters.require.else",
    ),
    (conditional({"all": []}), "rule:lines-present", "parameters.require.all"),
    (conditional(nested(7)), "rule:lines-present", "conditions may nest"),
    (
        conditional({"any": [{"field": "frequency", "op": "exists"}] * 101}),
        "rule:lines-present",
        "parameters.require.any",
    ),
    ({"name": "test", "rules": []}, "rule_set", "rules"),
    ({"name": "test", "rules": {}}, "rule_set", "rules"),
    ({"name": "test", "rules": ["x"]}, "rule_set", "rules[0]"),
    ({"rules": one_rule()["rules"]}, "rule_set", "name"),
    ({**one_rule(), "tabels": {}}, "rule_set", "tabels"),
]


@pytest.mark.parametrize(("content", "subject", "field"), MALFORMED)
def test_a_malformed_rule_is_refused_by_its_id_and_field(
    content: dict[str, Any], subject: str, field: str
) -> None:
    with pytest.raises(RuleSetError) as refusal:
        rule_set(content)

    assert refusal.value.subject == subject
    assert field in refusal.value.detail


def test_two_rules_of_one_id_are_refused() -> None:
    content = one_rule()
    content["rules"] *= 2

    with pytest.raises(RuleSetError, match="lines-present"):
        rule_set(content)


@pytest.mark.parametrize("name", ["id", "kind", "reason_code", "severity", "owner"])
def test_a_rule_without_one_of_its_fields_is_refused(name: str) -> None:
    with pytest.raises(RuleSetError, match=name):
        rule_set(broken(one_rule(), lambda rule: rule.pop(name)))


def test_equal_content_has_an_equal_version_whatever_the_order_of_its_keys() -> None:
    content = parsed("scrub/base.json")
    turned = dict(reversed(list(content.items())))

    assert rule_set(turned).version == rule_set(content).version
    assert rule_set(content).version.startswith("sha256:")


def test_the_smallest_change_to_a_rule_or_table_is_a_new_version() -> None:
    content = parsed("scrub/base.json")
    action, table, pin = (copy.deepcopy(content) for _ in range(3))
    action["rules"][0]["recommended_action"] += " Now."
    table["tables"]["places_by_procedure"]["99213"].append("12")
    pin["code_tables"]["icd10cm"] = f"sha256:{'0' * 64}"

    versions = {rule_set(each).version for each in (content, action, table, pin)}

    assert len(versions) == 4


def test_judging_again_with_the_remembered_version_gives_the_same_verdicts() -> None:
    content = claim(location=location(place_of_service="12"))
    changed = parsed("scrub/base.json")
    changed["tables"]["places_by_procedure"]["99213"].append("12")
    newer, older = rule_set(changed), rule_set(parsed("scrub/base.json"))

    before = judge(content, facts(), base_rules())

    assert older.version == base_rules().version
    assert judge(content, facts(), older) == before
    assert judge(content, facts(), newer) != before


def speaks(rules: RuleSet, **changes: Any) -> bool:
    return bool(judge(claim(lines=(), **changes), facts(), rules))


def test_a_rule_judges_only_the_claims_it_applies_to() -> None:
    def applied(**applies_to: list[str]) -> RuleSet:
        return rule_set(one_rule(applies_to=applies_to))

    assert speaks(applied(payers=["BLUEPEAK"]))
    assert not speaks(applied(payers=["OPENMKT"]))
    assert speaks(applied(payer_kinds=["medicare", "commercial"]))
    assert not speaks(applied(payer_kinds=["medicare"]))
    assert speaks(applied(locations=["L1"]))
    assert not speaks(applied(locations=["L1"]), location=location(location_id="L2"))
    assert speaks(applied(service_lines=["primary_care"]))
    assert not speaks(applied(service_lines=["imaging"]))
    assert not speaks(applied(claim_types=["institutional"]))
    assert speaks(applied(claim_types=["institutional"]), is_institutional=True)
    assert not speaks(applied(payers=["OPENMKT"], locations=["L1"]))
    assert not speaks(applied(payers=["BLUEPEAK"]), coverage=None)
    assert speaks(applied(payers=["OPENMKT"]), coverage=coverage("OPENMKT"))


def test_a_rule_is_in_force_from_its_first_to_its_last_service_date() -> None:
    rules = rule_set(one_rule(effective_from="2026-03-02", effective_to="2026-03-03"))

    def on(day: date) -> bool:
        return speaks(rules, service_from=day, service_to=day)

    in_force = [on(date(2026, 3, day)) for day in (1, 2, 3, 4)]

    assert in_force == [False, True, True, False]


def test_a_rule_set_without_effective_dates_judges_all_times() -> None:
    assert speaks(rule_set(one_rule()), service_from=date(1999, 1, 1))


CONDITIONS = [
    ({"field": "frequency", "op": "equals", "value": "1"}, True),
    ({"field": "frequency", "op": "in", "value": ["7", "8"]}, False),
    ({"not": {"field": "frequency", "op": "in", "value": ["7", "8"]}}, True),
    ({"field": "original_reference", "op": "missing"}, True),
    ({"field": "original_reference", "op": "exists"}, False),
    # What is absent passes no test about its value, whichever way the test goes.
    ({"field": "original_reference", "op": "in", "value": [""]}, False),
    ({"field": "coverage.subscriber.sex", "op": "equals", "value": "F"}, False),
    ({"field": "line.procedure", "op": "starts_with", "value": ["992", "993"]}, True),
    ({"field": "line.units", "op": "at_most", "value": 1}, True),
    ({"field": "line.units", "op": "at_least", "value": 2}, False),
    ({"field": "line.service_date", "op": "at_least", "value": "2026-03-02"}, True),
    ({"field": "line.service_date", "op": "at_most", "value": "2026-03-01"}, False),
    ({"field": "line.procedure", "op": "at_least", "value": 2}, False),
    ({"field": "line.modifiers", "op": "in", "value": ["25"]}, True),
    ({"field": "line.modifiers", "op": "equals", "value": "TC"}, False),
    ({"field": "line.diagnoses", "op": "starts_with", "value": ["I"]}, True),
    ({"field": "line.place_of_service", "op": "equals", "value": "11"}, True),
    ({"field": "coverage.payer.kind", "op": "equals", "value": "commercial"}, True),
    ({"field": "coverage.member_id", "op": "longer_than", "value": 11}, True),
    ({"field": "coverage.member_id", "op": "longer_than", "value": 12}, False),
    ({"field": "coverage.member_id", "op": "has_shape", "value": "@@@#########"}, True),
    ({"field": "coverage.member_id", "op": "has_shape", "value": "ABC1********"}, True),
    ({"field": "coverage.member_id", "op": "has_shape", "value": "@@@########"}, False),
    ({"field": "billing_provider.is_person", "op": "equals", "value": False}, True),
    (
        {
            "all": [
                {"field": "frequency", "op": "equals", "value": "1"},
                {"field": "line.units", "op": "equals", "value": 1},
            ]
        },
        True,
    ),
    (
        {
            "all": [
                {"field": "frequency", "op": "equals", "value": "1"},
                {"field": "line.units", "op": "equals", "value": 2},
            ]
        },
        False,
    ),
    (
        {
            "any": [
                {"field": "frequency", "op": "equals", "value": "8"},
                {"field": "line.units", "op": "equals", "value": 1},
            ]
        },
        True,
    ),
]


@pytest.mark.parametrize(("require", "holds"), CONDITIONS)
def test_a_condition_holds_as_its_data_says(require: dict[str, Any], *, holds: bool) -> None:
    rules = rule_set(conditional(require))
    content = claim(lines=(line(modifiers=("25",)),))

    (verdict,) = judge(content, facts(), rules)

    assert verdict.passed is holds


def test_a_condition_about_lines_names_each_line_that_breaks_it() -> None:
    rules = rule_set(
        conditional(
            {"field": "line.units", "op": "equals", "value": 1},
            field="line.units",
            when={"field": "line.procedure", "op": "starts_with", "value": ["9"]},
        )
    )
    content = claim(lines=(line(units=2), line("J3301", units=2), line("99214", units=3)))

    paths = [one.field_path for one in judge(content, facts(), rules)]

    assert paths == ["lines[0].units", "lines[2].units"]


def test_the_published_schema_names_the_kinds_and_operations_there_are() -> None:
    schema = parsed("scrub/rule_set.schema.json")["$defs"]
    test = schema["condition"]["oneOf"][-1]

    assert schema["rule"]["properties"]["kind"]["enum"] == sorted(KINDS)
    assert test["properties"]["op"]["enum"] == ["exists", "missing", *_OPERATIONS]


def test_every_kind_of_rule_is_used_by_the_base_set() -> None:
    assert {rule.kind for rule in base_rules().rules} == set(KINDS)
