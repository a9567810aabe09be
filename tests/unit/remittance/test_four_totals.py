"""Deposit, announced, posted, ledger: per payment and per day, each from its own source."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from functions.billing.domain.remittance.four_totals import by_day, payment_totals
from functions.billing.domain.remittance.payments import Deposit, Remittance, RemittanceState
from tests.unit.remittance.remittances import payment

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
POSTED = Remittance(
    remittance_id="R1",
    file_id="E1",
    file_key="remittances/1",
    evidence_key="remittances/E1.x12",
    header=payment(1, 7_000),
    content_digest="d",
    claims=1,
    claims_paid_cents=7_000,
    received_at=NOON,
    state=RemittanceState.POSTED,
    posted_cents=7_000,
    deposit_id="D1",
    deposited_cents=7_000,
)
STRAY = Deposit(
    deposit_id="D9",
    trace_number="X",
    payer_identifier="P",
    amount_cents=50,
    deposited_on="2026-03-04",
    received_at=NOON,
)


def test_four_equal_figures_agree() -> None:
    assert payment_totals(POSTED, 7_000).totals.agree


@pytest.mark.parametrize(
    ("changed", "ledger_cents"),
    [
        (replace(POSTED, posted_cents=6_999), 7_000),
        (POSTED, 7_001),
        (replace(POSTED, deposited_cents=7_001), 7_000),
        (replace(POSTED, header=payment(1, 7_002)), 7_000),
    ],
)
def test_any_one_that_is_off_is_seen(changed: Remittance, ledger_cents: int) -> None:
    assert not payment_totals(changed, ledger_cents).totals.agree


def test_an_awaited_deposit_contradicts_nothing_and_is_named() -> None:
    awaited = payment_totals(replace(POSTED, deposit_id="", deposited_cents=0), 7_000)

    (day,) = by_day([awaited], [])

    assert (day.agrees, day.awaited_cents) == (True, 7_000)


def test_a_payment_of_nothing_awaits_nothing() -> None:
    zero = replace(POSTED, header=payment(1, 0), posted_cents=0, deposit_id="", deposited_cents=0)

    totals = payment_totals(zero, 0).totals

    assert (totals.deposit_cents, totals.agree) == (0, True)


def test_each_day_has_its_payments_and_the_deposits_nothing_explains() -> None:
    later = payment_totals(replace(POSTED, remittance_id="R2", header=payment(2, 7_000)), 7_000)
    matched = replace(STRAY, deposit_id="D1", remittance_id="R1")

    days = by_day([later, payment_totals(POSTED, 7_000)], [STRAY, matched])

    assert [(one.day, len(one.payments), len(one.strays), one.agrees) for one in days] == [
        (date(2026, 3, 3), 1, 0, True),
        (date(2026, 3, 4), 1, 1, False),
    ]
    assert days[1].sums.deposit_cents == 7_050
