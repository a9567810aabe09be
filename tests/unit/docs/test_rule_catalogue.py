"""The rule catalogue says what the rules say, and the command line says the same of one reason."""

import re

from click.testing import CliRunner

from cli.rule_catalogue import PAGE, catalogue, shipped_rules
from cli.rule_checks import check, explain
from local.errors import LocalCloudError
from tests.unit.rules.test_base_rules import BREACHES


def test_the_page_is_what_the_rules_give() -> None:
    assert PAGE.read_text(encoding="utf-8") == catalogue(shipped_rules()), (
        "write it anew: python -m cli.rule_catalogue"
    )


def test_every_rule_stands_there_with_reason_field_severity_owner_and_action() -> None:
    page = catalogue(shipped_rules())
    rows = [line for line in page.splitlines() if line.startswith("| `")]

    for rule in shipped_rules().rules:
        (row,) = [line for line in rows if f"| {rule.rule_id} (" in line]
        assert f"`{rule.reason_code}`" in row
        assert rule.recommended_action in row
        assert all(f"`{path}`" in row for path in rule.field_paths)
        assert rule.field_paths


def test_a_failure_names_a_field_the_catalogue_foresees() -> None:
    rules = {rule.rule_id: rule for rule in shipped_rules().rules}

    for breach in BREACHES:
        foreseen = rules[breach.rule_id].field_paths
        path = re.sub(r"\[[0-9]+\]", "[]", breach.field_path)
        assert path in foreseen or foreseen == ("of the EHR's document",), str(breach)


def test_a_reason_is_explained_by_its_rules() -> None:
    told = CliRunner().invoke(explain, ["member_id_format"]).output

    assert "given by 3 rules, mended by front desk" in told
    assert "payer CMSNORTH" in told
    assert "Copy the ten digits from the card." in told


def test_a_reason_nobody_gives_leads_to_those_that_are_near() -> None:
    result = CliRunner().invoke(explain, ["member_id_formt"])

    assert isinstance(result.exception, LocalCloudError)
    assert "member_id_format" in str(result.exception)


def test_the_shipped_rules_are_checked_with_the_tables_they_pin() -> None:
    result = CliRunner().invoke(check)

    assert result.exit_code == 0, result.output
    assert "nothing to mend" in result.output
