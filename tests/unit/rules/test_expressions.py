"""Expressions of one payer or practice: what they see, how they are refused, and that they always end."""

from datetime import date
from typing import Any

import pytest

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.rules import RuleSet, judge, rule_set
from functions.billing.domain.rules.expressions import (
    FLAGS,
    NUMBER_LISTS,
    NUMBERS,
    TEXT_LISTS,
)
from functions.billing.domain.rules.fields import FIELDS, reader_of
from tests.unit.rules.claims import claim, coverage, facts, line, location, patient


def one_rule(expression: str, field: str = "line.units") -> RuleSet:
    rule: dict[str, Any] = {
        "id": "payer-edit",
        "kind": "expression",
        "parameters": {"field": field, "expression": expression, "expected": "as the payer wants"},
        "reason_code": "payer_edit",
        "severity": "reject",
        "owner": "coding",
        "recommended_action": "Do as the payer wants.",
    }
    return rule_set({"name": "test", "rules": [rule]})


def broken_at(content: ClaimContent, expression: str, field: str = "line.units") -> list[str]:
    verdicts = judge(content, facts(content), one_rule(expression, field))
    return [one.field_path for one in verdicts if not one.passed]


TWO_LINES = claim(lines=(line(), line("93000", units=3)))


@pytest.mark.parametrize(
    ("expression", "broken"),
    [
        ("line.units <= 2", ["lines[1].units"]),
        ("line.units <= 2 || line.procedure == '93000'", []),
        ("line.procedure.startsWith('99') && line.modifiers.size() == 0", ["lines[1].units"]),
        ("'I10' in line.diagnoses", []),
        (
            "!lines.exists(one, one.procedure == '93000' && one.units > 2)",
            ["lines[0].units", "lines[1].units"],
        ),
        ("line.service_date >= '2026-01-01'", []),
        ("line.place_of_service == '11'", []),
    ],
)
def test_a_rule_about_lines_is_asked_for_each_of_them(expression: str, broken: list[str]) -> None:
    assert broken_at(TWO_LINES, expression) == broken


@pytest.mark.parametrize(
    ("expression", "passes"),
    [
        ("patient.age_years >= 45", True),
        ("patient.age_years >= 46", False),
        ("coverage.payer.kind == 'commercial' && total_charge_cents > 100", True),
        ("coverage.ends_on == '' || coverage.ends_on > service_to", True),
        ("billing_provider.is_person", False),
        ("diagnoses.all(code, code.matches('^[A-Z][0-9]'))", True),
        ("signed_on == service_from ? frequency == '1' : false", True),
    ],
)
def test_a_rule_about_the_claim_is_asked_once(expression: str, *, passes: bool) -> None:
    assert broken_at(TWO_LINES, expression, "frequency") == ([] if passes else ["frequency"])


def test_what_is_absent_is_empty_and_judging_goes_on() -> None:
    bare = claim(patient=None, coverage=None, rendering_provider=None, location=None, lines=())

    assert broken_at(bare, "patient.sex == '' && patient.age_years == 0", "patient.sex") == []
    assert broken_at(bare, "coverage.member_id != ''", "coverage.member_id") == [
        "coverage.member_id"
    ]


def test_one_claim_is_not_judged_by_the_fields_of_another() -> None:
    rules = one_rule("coverage.member_id == 'A1'", "coverage.member_id")
    first, second = (claim(coverage=coverage(member_id=number)) for number in ("A1", "B2"))

    found = [judge(one, facts(one), rules)[0].passed for one in (first, second, first)]

    assert found == [True, False, True]


@pytest.mark.parametrize("expression", ["diagnoses[5] == 'I10'", "1 / (line.units - 1) == 1"])
def test_what_can_not_be_decided_holds_the_claim(expression: str) -> None:
    assert broken_at(claim(), expression)


HUNDRED = f"[{','.join(map(str, range(100)))}]"


def test_an_expression_that_would_run_away_is_stopped_and_holds_the_claim() -> None:
    nested = f"{HUNDRED}.all(a, {HUNDRED}.all(b, {HUNDRED}.all(c, a + b + c >= 0)))"

    assert broken_at(claim(), nested)


def test_a_pattern_is_matched_in_time_linear_to_its_text() -> None:
    content = claim(coverage=coverage(member_id="a" * 5_000))

    assert broken_at(content, "coverage.member_id.matches('^(a*)*$')", "coverage.member_id") == []


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("patient.sxe == 'F'", "1:8"),
        ("patient.__class__ == ''", "1:8"),
        ("line.units == 'two'", "no matching overload"),
        ("line.units + 1", "must be true or false"),
        ("line.units ==", "Syntax error"),
        ("__import__('os')", "undeclared reference"),
        ("(" * 400 + "true" + ")" * 400, "recursion limit"),
        ("", "not empty"),
    ],
)
def test_a_malformed_expression_is_refused_by_its_rule_and_place(
    expression: str, words: str
) -> None:
    with pytest.raises(RuleSetError, match=words) as refused:
        one_rule(expression)

    assert refused.value.subject == "rule:payer-edit"
    assert refused.value.detail.startswith("parameters.expression:")


def test_every_field_has_the_type_expressions_are_checked_by() -> None:
    whole = claim(
        patient=patient(),
        coverage=coverage(
            subscriber=patient(), starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31)
        ),
        location=location(address=patient().address),
        lines=(line(modifiers=("25",), revenue_code="0510", ndc="00003029305"),),
    )
    typed = {**dict.fromkeys(NUMBERS, int), **dict.fromkeys(FLAGS, bool)}
    typed |= dict.fromkeys(TEXT_LISTS | NUMBER_LISTS, tuple)

    for name in FIELDS:
        value = reader_of(name)(whole, whole.lines[0])
        wanted = typed.get(name)
        assert wanted is None or isinstance(value, wanted), name
        assert wanted or value is None or isinstance(value, str | date), name
    assert NUMBERS | FLAGS | TEXT_LISTS | NUMBER_LISTS <= FIELDS
