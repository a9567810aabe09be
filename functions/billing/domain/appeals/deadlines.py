"""Deadlines as plain calendar arithmetic.

Windows count calendar days from the day of the decision. A deadline on a weekend is never moved
forward: not every payer does so, and an appeal a day early loses nothing.
"""

from datetime import date, timedelta

from functions.billing.domain.rules.policy import AppealLevel

SATURDAY = 5


def appeal_deadline(decided_on: date, level: AppealLevel) -> date:
    """The last day to file an appeal at a level, counted from the denial or the last decision."""
    return decided_on + timedelta(days=level.window_days)


def work_by(deadline: date, lead_days: int, *, today: date) -> date:
    """The day the packet should be out: `lead_days` before the deadline, but not in the past.

    When that day falls on a weekend, the Friday before it.
    """
    target = deadline - timedelta(days=lead_days)
    while target.weekday() >= SATURDAY:
        target -= timedelta(days=1)
    return max(target, today)


def is_open(deadline: date, today: date) -> bool:
    """Whether an appeal filed today is in time; the deadline's own day is."""
    return today <= deadline
