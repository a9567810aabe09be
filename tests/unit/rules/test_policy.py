"""Payer policies: deadlines, contracts, and what is refused."""

import copy
from datetime import date
from typing import Any

import pytest

from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.money import percent_of_cents
from functions.billing.domain.rules.policy import (
    AS_FORM_ALLOWS,
    FilingClock,
    FilingLimit,
    PayerPolicy,
    add_months,
    payer_policies,
)
from tests.unit.rules.claims import example_policies, line, parsed


def policy(payer_id: str) -> Any:
    found = example_policies().of(payer_id)
    assert found is not None
    return found


def test_the_examples_hold_the_four_payers_and_no_other() -> None:
    assert set(example_policies().by_payer) == {"BLUEPEAK", "CMSNORTH", "STATECAID", "OPENMKT"}
    assert example_policies().of("NOBODY") is None


def test_a_fee_counts_for_each_unit_and_never_exceeds_the_charge() -> None:
    medicare = policy("CMSNORTH")

    assert medicare.expected_allowed_cents(line("97110", units=2, charge_cents=9000)) == 5800
    assert medicare.expected_allowed_cents(line("99213", charge_cents=5000)) == 5000


def test_without_a_fee_the_contract_allows_a_percentage_of_the_charge() -> None:
    assert policy("OPENMKT").expected_allowed_cents(line(charge_cents=10001)) == 6501


def test_the_contract_of_the_service_date_counts() -> None:
    payer = policy("BLUEPEAK")

    assert payer.contract_on(date(2024, 12, 31)).version == "bluepeak-example-1"
    assert payer.contract_on(date(2025, 1, 1)).version == "bluepeak-example-2"
    assert payer.expected_allowed_cents(line(service_date=date(2024, 6, 1))) == 9750


def test_a_modifier_changes_the_fee_of_the_schedule() -> None:
    payer = policy("BLUEPEAK")

    assert payer.expected_allowed_cents(
        line("70553", charge_cents=200_000, modifiers=("26",))
    ) == percent_of_cents(71_000, 40)
    assert payer.expected_allowed_cents(line("70553", charge_cents=200_000, modifiers=("LT",))) == (
        71_000
    )


def test_a_schedule_without_a_percentage_prices_only_what_it_names() -> None:
    content = parsed("payer_policies/example.json")
    content["payers"][0]["contracts"] = [{"version": "v", "fees_cents": {"99213": 9_000}}]
    blue = payer_policies(content).of("BLUEPEAK")
    assert blue is not None

    assert blue.expected_allowed_cents(line("99213")) == 9_000
    assert blue.expected_allowed_cents(line("99214")) is None


def test_a_contract_that_prices_nothing_is_refused() -> None:
    content = parsed("payer_policies/example.json")
    content["payers"][0]["contracts"] = [{"version": "v"}]

    with pytest.raises(RuleSetError, match="fees_cents"):
        payer_policies(content)


def test_no_contract_means_no_expectation() -> None:
    content = parsed("payer_policies/example.json")
    content["payers"][0]["contracts"] = []

    blue = payer_policies(content).of("BLUEPEAK")

    assert blue is not None
    assert blue.expected_allowed_cents(line()) is None


def test_appeal_levels_are_numbered_in_their_order() -> None:
    levels = policy("CMSNORTH").appeal_levels

    assert [(level.number, level.name, level.window_days) for level in levels] == [
        (1, "redetermination", 120),
        (2, "reconsideration", 180),
    ]
    assert policy("CMSNORTH").appeal_level(3) is None


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 1, 31), 0, date(2026, 1, 31)),
    ],
)
def test_months_end_on_the_same_day_or_the_last_of_a_shorter_month(
    start: date, months: int, expected: date
) -> None:
    assert add_months(start, months) == expected


def test_a_filing_clock_starts_where_the_payer_says() -> None:
    first, last = date(2026, 1, 1), date(2026, 1, 31)

    def deadline(clock: FilingClock, decided: date | None = None) -> date:
        limit = FilingLimit(limit_days=90, limit_months=0, warning_days=0, clock=clock)
        return limit.deadline(first, last, decided)

    assert deadline(FilingClock.SERVICE_FROM) == date(2026, 4, 1)
    assert deadline(FilingClock.SERVICE_TO) == date(2026, 5, 1)
    assert deadline(FilingClock.SERVICE_FROM, date(2026, 3, 1)) == date(2026, 5, 30)


BREAKS: list[tuple[str, Any, str]] = [
    ("kind", "private", "kind"),
    ("approval_threshold_cents", 1.5, "approval_threshold_cents"),
    ("approval_threshold_cents", -1, "approval_threshold_cents"),
    ("eligibility", {"ttl_hours": 0}, "eligibility.ttl_hours"),
    ("filing", {"warning_days": 3}, "filing.limit_days"),
    ("filing", {"limit_days": 3, "limit_months": 3, "warning_days": 3}, "filing.limit_days"),
    ("contracts", [{"version": "a", "percent_of_charge": 101}], "contracts[0].percent_of_charge"),
    (
        "contracts",
        [{"version": "a", "percent_of_charge": 1}, {"version": "b", "percent_of_charge": 2}],
        "overlap",
    ),
    ("appeal_levels", [{"name": "first", "window_days": 0}], "appeal_levels[0].window_days"),
    ("misspelt", 1, "misspelt"),
    ("payer_id", "CMSNORTH", "stands there twice"),
]


@pytest.mark.parametrize(("name", "value", "named"), BREAKS)
def test_a_malformed_policy_is_refused_by_payer_and_field(
    name: str, value: Any, named: str
) -> None:
    content = copy.deepcopy(parsed("payer_policies/example.json"))
    content["payers"][0][name] = value

    with pytest.raises(RuleSetError) as refusal:
        payer_policies(content)

    assert refusal.value.subject.startswith("payer_policy:")
    assert named in refusal.value.detail


def divided(**splitting: Any) -> PayerPolicy:
    content = parsed("payer_policies/example.json")
    content["payers"][0]["splitting"] = splitting
    found = payer_policies(content).of("BLUEPEAK")
    assert found is not None
    return found


def test_a_payer_may_take_less_on_one_claim_than_the_form_holds() -> None:
    splitting = divided(professional_lines_max=6, by_service_date=True).splitting

    assert splitting.lines_max(is_institutional=False) == 6
    assert splitting.lines_max(is_institutional=True) == 999
    assert (splitting.by_service_date, splitting.by_place) == (True, False)
    assert policy("BLUEPEAK").splitting == AS_FORM_ALLOWS


@pytest.mark.parametrize("field", ["professional_lines_max", "institutional_lines_max"])
def test_no_payer_takes_more_than_the_form_holds(field: str) -> None:
    with pytest.raises(RuleSetError, match=field):
        divided(**{field: 1000})
    with pytest.raises(RuleSetError, match=field):
        divided(**{field: 0})
