from dataclasses import replace
from datetime import date
from typing import Any

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import Actor, Commit
from functions.billing.domain.ledger.balances import prove_entries
from functions.billing.domain.ledger.bookings import (
    BalanceAdjustment,
    BalanceAdjustmentKind,
    balance_adjustment_posting,
    charge_posting,
)
from functions.billing.usecases.postings import StoredPosting
from local.accounting import accounts_of, outcome_of, payer_lines
from local.checks import money_adds_up
from tests.builders import CAUSE, staged_claim
from tests.fakes import NOON, InMemoryRecords
from tests.unit.local.runs import stored

DAY = date(2026, 3, 2)


def _book(records: InMemoryRecords, claim: Claim, *postings: Any) -> None:
    records.commit(
        Commit(
            step="given",
            cause=CAUSE,
            actor=Actor("test"),
            at=NOON,
            root=claim,
            decision="given",
            new=tuple(StoredPosting.of_claim(posting) for posting in postings),
        )
    )


def _billed(*kinds: tuple[BalanceAdjustmentKind, int]) -> InMemoryRecords:
    records = InMemoryRecords()
    claim = replace(staged_claim(records), state=ClaimState.SUBMITTED, submitted_at=NOON)
    adjustments = [
        balance_adjustment_posting(
            BalanceAdjustment(
                adjustment_id=f"adjustment-{position}",
                claim_id=claim.claim_id,
                kind=kind,
                amount_cents=cents,
                occurred_on=DAY,
            )
        )
        for position, (kind, cents) in enumerate(kinds)
    ]
    _book(
        records,
        claim,
        charge_posting(claim.claim_id, claim.charge_cents, occurred_on=DAY),
        *adjustments,
    )
    return records


def test_what_nobody_has_answered_is_waiting() -> None:
    money = accounts_of(stored(_billed())).money

    assert money.billed_cents == money.waiting_cents == money.outstanding_cents == 15_000
    assert money.paid_cents == 0
    assert money_adds_up(money).holds


def test_what_patients_paid_is_theirs_and_not_the_payers() -> None:
    records = _billed(
        (BalanceAdjustmentKind.TRANSFER_TO_PATIENT, 6_000),
        (BalanceAdjustmentKind.PATIENT_PAYMENT, 2_500),
        (BalanceAdjustmentKind.INSURANCE_WRITE_OFF, 1_000),
    )

    money = accounts_of(stored(records)).money

    assert money.paid_cents == 0
    assert money.patient_cents == 6_000
    assert money.written_off_cents == 1_000
    assert money.waiting_cents == 8_000
    assert money_adds_up(money).holds


def test_what_was_left_to_a_second_payer_is_outstanding_under_its_own_name() -> None:
    records = _billed((BalanceAdjustmentKind.TRANSFER_TO_NEXT_PAYER, 4_000))

    money = accounts_of(stored(records)).money

    assert (money.next_payer_cents, money.waiting_cents) == (4_000, 11_000)
    assert money_adds_up(money).holds


def test_a_claim_that_never_left_counts_as_not_yet_billed() -> None:
    records = InMemoryRecords()
    claim = replace(staged_claim(records), state=ClaimState.HELD, reasons=("member_id_missing",))
    _book(records, claim)

    accounts = accounts_of(stored(records))

    assert accounts.money.not_yet_billed_cents == 15_000
    assert accounts.money.billed_cents == 0
    assert outcome_of(accounts.claims[0]) == "held_by_our_checks"


def test_payers_parts_sum_to_the_whole() -> None:
    accounts = accounts_of(stored(_billed()))

    (line,) = payer_lines(accounts, ())

    assert (line.payer_id, line.claims, line.billed_cents) == ("BLUEPEAK", 1, 15_000)


def test_a_posting_that_was_damaged_in_the_table_is_counted_and_not_refused() -> None:
    records = _billed()
    table = records.tables.tables["records"]
    (key,) = [key for key, item in table.items() if item.get("kind", {}).get("S") == "POSTING"]
    entries = table[key]["posting"]["M"]["entries"]["L"]
    entries[0]["M"]["amount_cents"] = {"N": "14999"}
    store = stored(records)

    assert prove_entries(store.entries()).imbalance_cents == 1
