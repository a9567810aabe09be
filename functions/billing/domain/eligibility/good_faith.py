"""Good Faith Estimates: what a self-pay patient must be told in writing, and by when (45 CFR 149.610).

Booked three business days or more ahead: within one business day of the booking. Ten or more ahead, or on request:
within three. Booked nearer than three days none is owed unless the patient asks. A bill of 400 dollars or more above
the estimate may be disputed (45 CFR 149.620).
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Self

from functions.billing.domain.eligibility.benefits import PlannedService

DISPUTABLE_ABOVE_CENTS = 400_00
"""A bill this much over the estimate may be taken to dispute resolution."""

_SHORT_NOTICE_DAYS, _LONG_NOTICE_DAYS = 3, 10
_SOON, _LATER = 1, 3
_SATURDAY, _MONDAY, _THURSDAY = 5, 0, 3


class GoodFaithReason(StrEnum):
    """Why the estimate is owed."""

    SCHEDULED = "scheduled"
    REQUESTED = "requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodFaithEstimate:
    """What the visit is expected to cost a patient who pays for it alone, and the day it must be given by.

    `unpriced` counts planned services without a price: with any, the total is too low and a person completes it.
    `given_on` is the day the patient had it in writing, None while it is owed.
    """

    reason: GoodFaithReason
    total_cents: int
    due_on: date
    services: tuple[PlannedService, ...] = ()
    unpriced: int = 0
    given_on: date | None = None

    @property
    def is_owed(self) -> bool:
        """Nobody has given it to the patient yet."""
        return self.given_on is None

    @property
    def is_late(self) -> bool:
        """It was given, and after its day."""
        return self.given_on is not None and self.given_on > self.due_on

    @property
    def is_complete(self) -> bool:
        """Something is planned, and each service has a price."""
        return bool(self.services) and not self.unpriced

    def no_later_than(self, earlier: Self | None) -> Self:
        """To ask again puts off no day that an estimate owed before must be given by."""
        if earlier is None or not earlier.is_owed:
            return self
        return replace(self, due_on=min(self.due_on, earlier.due_on))

    def is_disputable(self, billed_cents: int) -> bool:
        """Whether a bill may be disputed by the patient."""
        return billed_cents - self.total_cents >= DISPUTABLE_ABOVE_CENTS


def good_faith_estimate(
    services: tuple[PlannedService, ...], *, booked_on: date, service_on: date
) -> GoodFaithEstimate | None:
    """The estimate owed for a visit booked on a day; None when it was booked too late to owe one."""
    notice = business_days_between(booked_on, service_on)
    if notice < _SHORT_NOTICE_DAYS:
        return None
    days = _LATER if notice >= _LONG_NOTICE_DAYS else _SOON
    return _estimate(services, GoodFaithReason.SCHEDULED, add_business_days(booked_on, days))


def requested_estimate(
    services: tuple[PlannedService, ...], *, requested_on: date
) -> GoodFaithEstimate:
    """The estimate owed because the patient asked."""
    due_on = add_business_days(requested_on, _LATER)
    return _estimate(services, GoodFaithReason.REQUESTED, due_on)


def _estimate(
    services: tuple[PlannedService, ...], reason: GoodFaithReason, due_on: date
) -> GoodFaithEstimate:
    return GoodFaithEstimate(
        reason=reason,
        total_cents=sum(service.charge_cents for service in services),
        due_on=due_on,
        services=services,
        unpriced=sum(service.charge_cents == 0 for service in services),
    )


def business_days_between(start: date, end: date) -> int:
    """Business days after `start`, up to and including `end`; none when it is no later."""
    days = (start + timedelta(days=number) for number in range(1, (end - start).days + 1))
    return sum(is_business_day(day) for day in days)


def add_business_days(day: date, count: int) -> date:
    """The day that many business days later."""
    while count:
        day += timedelta(days=1)
        count -= is_business_day(day)
    return day


def is_business_day(day: date) -> bool:
    """Monday to Friday, and no federal holiday (5 U.S.C. 6103)."""
    if day.weekday() >= _SATURDAY:
        return False
    # A holiday on a Saturday is kept the Friday before, one on a Sunday the Monday after.
    years = (day.year, day.year + 1)
    return day not in {_observed(holiday) for year in years for holiday in _federal_holidays(year)}


def _federal_holidays(year: int) -> tuple[date, ...]:
    return (
        date(year, 1, 1),
        _nth(year, 1, _MONDAY, 3),
        _nth(year, 2, _MONDAY, 3),
        _last_monday_of_may(year),
        date(year, 6, 19),
        date(year, 7, 4),
        _nth(year, 9, _MONDAY, 1),
        _nth(year, 10, _MONDAY, 2),
        date(year, 11, 11),
        _nth(year, 11, _THURSDAY, 4),
        date(year, 12, 25),
    )


def _nth(year: int, month: int, weekday: int, number: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=last.weekday())


def _observed(holiday: date) -> date:
    match holiday.weekday():
        case 5:
            return holiday - timedelta(days=1)
        case 6:
            return holiday + timedelta(days=1)
        case _:
            return holiday
