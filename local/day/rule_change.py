"""A change of rules that would double the failures: well meant, and wrong about what EHRs send."""

from collections.abc import Mapping
from typing import Any

from local.day.records import RuleChange

# Payers print the plan on the card; no coverage the EHR sends has ever carried it.
PLAN_NAME_RULE: Mapping[str, Any] = {
    "id": "plan-name",
    "kind": "required_fields",
    "parameters": {"fields": ["coverage.plan_name"]},
    "applies_to": {"payer_kinds": ["commercial", "exchange", "medicaid"]},
    "reason_code": "plan_name_missing",
    "severity": "reject",
    "owner": "front_desk",
    "recommended_action": "Copy the plan's name from the insurance card.",
}


def plan_name_change(rules: Mapping[str, Any]) -> RuleChange:
    """The rules in force and one more."""
    return RuleChange(
        content={**rules, "rules": [*rules["rules"], dict(PLAN_NAME_RULE)]},
        why="Blue Peak asks for the plan's name since this month.",
        author="r.lindqvist",
        approver="m.okafor",
        share_percent=30,
        bound={"claims_min": 8, "fail_points": 10, "denial_points": 5},
    )
