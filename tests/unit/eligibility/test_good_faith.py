"""Good Faith Estimates are owed by days that skip weekends and holidays (45 CFR 149.610)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.eligibility.benefits import PlannedService
from functions.billing.domain.eligibility.good_faith import (
    GoodFaithReason,
    add_business_days,
    business_days_between,
    good_faith_estimate,
    is_business_day,
    requested_estimate,
)

VISIT = (
    PlannedService(procedure="99213", units=1, charge_cents=12_500),
    PlannedService(procedure="36415", units=1, charge_cents=0),
)
MONDAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("service_on", "due_on"),
    [
        (date(2026, 3, 4), None),
        (date(2026, 3, 5), date(2026, 3, 3)),
        (date(2026, 3, 13), date(2026, 3, 3)),
        (date(2026, 3, 16), date(2026, 3, 5)),
    ],
)
def test_the_day_it_is_owed_by_follows_from_how_far_ahead_the_visit_was_booked(
    service_on: date, due_on: date | None
) -> None:
    owed = good_faith_estimate(VISIT, booked_on=MONDAY, service_on=service_on)

    assert (owed.due_on if owed else None) == due_on


def test_a_patient_who_asks_is_owed_one_within_three_business_days() -> None:
    owed = requested_estimate(VISIT, requested_on=date(2026, 3, 6))

    assert (owed.reason, owed.due_on) == (GoodFaithReason.REQUESTED, date(2026, 3, 11))


def test_it_adds_up_and_says_what_has_no_price() -> None:
    owed = requested_estimate(VISIT, requested_on=MONDAY)

    assert (owed.total_cents, owed.unpriced) == (12_500, 1)


def test_a_bill_400_dollars_above_it_may_be_disputed() -> None:
    owed = requested_estimate(VISIT, requested_on=MONDAY)

    assert not owed.is_disputable(12_500 + 39_999)
    assert owed.is_disputable(12_500 + 40_000)


@pytest.mark.parametrize(
    "holiday",
    [
        date(2026, 1, 1),
        date(2026, 1, 19),
        date(2026, 5, 25),
        date(2026, 7, 3),  # the fourth is a Saturday
        date(2027, 7, 5),  # the fourth is a Sunday
        date(2026, 11, 26),
        date(2021, 12, 31),  # the first of January 2022 is a Saturday
    ],
)
def test_a_federal_holiday_is_no_business_day(holiday: date) -> None:
    assert not is_business_day(holiday)


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(0, 30))
def test_counting_forward_and_between_agree(day: date, count: int) -> None:
    assert business_days_between(day, add_business_days(day, count)) == count


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_there_is_a_business_day_in_any_five_days(day: date) -> None:
    assert any(is_business_day(day + timedelta(days=number)) for number in range(5))
