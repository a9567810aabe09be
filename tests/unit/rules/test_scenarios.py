"""The shipped scenarios hold, they notice a changed rule, and a broken one says what is wrong with it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from functions.billing.adapters.scenarios import scenarios_of
from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.rules import payer_policies, rule_set
from functions.billing.domain.rules.scenarios import ScenarioResult, run_scenarios
from local.code_tables import folder_code_tables
from tests.builders import RULE_SETS, rule_set_contents

FILES: Mapping[str, Mapping[str, Any]] = {
    path.stem: json.loads(path.read_text())
    for path in sorted((RULE_SETS / "scrub" / "scenarios").glob("*.json"))
}
CONTENTS = rule_set_contents()


def run(
    files: Mapping[str, Mapping[str, Any]] = FILES, rules: Mapping[str, Any] = CONTENTS["scrub"]
) -> dict[str, ScenarioResult]:
    tried = rule_set(rules)
    results = run_scenarios(
        scenarios_of(files),
        tried,
        payer_policies(CONTENTS["payer_policies"]),
        folder_code_tables(tried.code_tables),
    )
    return {one.scenario.name: one for one in results}


@pytest.mark.parametrize("name", FILES)
def test_a_scenario_ends_as_it_says(name: str) -> None:
    result = run()[name]

    assert result.actual == result.scenario.expected


def test_a_rule_that_is_gone_is_noticed() -> None:
    rules = [
        rule for rule in CONTENTS["scrub"]["rules"] if rule["reason_code"] != "member_id_missing"
    ]

    results = run(rules={**CONTENTS["scrub"], "rules": rules})

    assert [name for name, one in results.items() if not one.holds] == ["member-id-missing"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"like": "nobody"}, "scenario:nobody: nobody: like must name another scenario"),
        ({"like": "broken"}, "like must name another scenario"),
        ({"changes": {"lines.7.units": 2}}, r"changes: there is no lines\.7\.units"),
        ({"changes": {"coverage.rank": "X"}}, "Invalid enum value"),
        ({"circumstances": {"submitted_on": "soon"}}, "submitted_on"),
        ({"expected": {}}, "expected is not a known field here"),
        ({"title": None}, ""),
    ],
)
def test_a_broken_scenario_is_named_with_its_fault(change: dict[str, Any], message: str) -> None:
    broken = {"title": "Broken", "like": "office-visit", "expect": {}, **change}
    if change == {"title": None}:
        del broken["title"]

    with pytest.raises(RuleSetError, match=message or "broken: title is missing"):
        scenarios_of({**FILES, "broken": broken})
