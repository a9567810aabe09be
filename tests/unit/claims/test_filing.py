"""Before a payer's limit passes, somebody must have decided."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.claims.filing import LAST_DAYS, filing_decision, watch_from

LIMIT = date(2026, 6, 30)


def test_the_watch_begins_with_the_payers_warning() -> None:
    assert watch_from(LIMIT, 30).date() == date(2026, 5, 31)


def test_it_goes_from_billing_to_finance_and_ends_after_the_limit() -> None:
    looks = []
    today: date | None = LIMIT - timedelta(days=30)
    while today:
        decision = filing_decision(LIMIT, today)
        looks.append((decision.reason, (LIMIT - today).days))
        today = decision.next_look.date() if decision.next_look else None

    assert looks == [
        ("timely_filing_at_risk", 30),
        ("timely_filing_last_days", LAST_DAYS),
        ("timely_filing_missed", -1),
    ]


@given(st.integers(-400, 400))
def test_every_look_is_followed_by_a_later_one_until_the_limit_has_passed(days: int) -> None:
    today = LIMIT - timedelta(days=days)
    decision = filing_decision(LIMIT, today)

    if days < 0:
        assert decision.next_look is None
    else:
        assert decision.next_look is not None
        assert decision.next_look.date() > today
        assert today + timedelta(days=decision.due_days) <= LIMIT
