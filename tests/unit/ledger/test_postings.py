"""The ledger refuses what would unbalance it, and sums to zero whatever is booked."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.errors import MoneyError
from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.balances import (
    balances,
    claim_balance,
    prove,
    prove_entries,
)
from functions.billing.domain.ledger.bookings import (
    BalanceAdjustment,
    BalanceAdjustmentKind,
    DepositReceived,
    balance_adjustment_posting,
    charge_correction_posting,
    charge_posting,
    deposit_posting,
    secondary_charge_posting,
)
from functions.billing.domain.ledger.postings import (
    AdjudicatedAmounts,
    Entry,
    Posting,
    PostingKind,
    reversal,
)

DAY = date(2026, 3, 2)


def posting(*entries: Entry, key: str = "k", kind: PostingKind = PostingKind.TRANSFER) -> Posting:
    return Posting(key=key, kind=kind, entries=entries, occurred_on=DAY, source="s")


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_a_posting_is_accepted_exactly_when_its_entries_sum_to_zero(one: int, other: int) -> None:
    entries = (Entry(Account.CASH, one), Entry(Account.WRITE_OFF, other))

    if one + other == 0:
        assert posting(*entries).entries == entries
    else:
        with pytest.raises(MoneyError, match="posting_unbalanced"):
            posting(*entries)


def test_a_posting_without_entries_or_key_is_refused() -> None:
    with pytest.raises(MoneyError, match="posting_without_entries"):
        posting()
    with pytest.raises(MoneyError, match="posting_without_key"):
        posting(Entry(Account.CASH, 0), key="")


@pytest.mark.parametrize("amount", [1.0, True, "1", None])
def test_an_entry_that_is_not_integer_cents_is_refused(amount: object) -> None:
    with pytest.raises(MoneyError, match="entry_not_integer_cents"):
        Entry(Account.CASH, amount)  # type: ignore[arg-type]


def test_a_first_submission_books_the_charge_as_receivable_and_revenue() -> None:
    booked = charge_posting("claim:1", 25_000, occurred_on=DAY)

    assert balances([booked]).by_account == {
        Account.INSURANCE_RECEIVABLE: 25_000,
        Account.PATIENT_SERVICE_REVENUE: -25_000,
    }
    assert booked.key == charge_posting("claim:1", 25_000, occurred_on=date(2026, 4, 1)).key


def test_a_replacement_claim_books_only_the_difference_and_a_void_takes_it_all_back() -> None:
    first = charge_posting("claim:1", 25_000, occurred_on=DAY)
    changed = charge_correction_posting(
        "claim:1", booked_cents=25_000, charge_cents=20_000, revision=2, occurred_on=DAY
    )
    voided = charge_correction_posting(
        "claim:1", booked_cents=20_000, charge_cents=0, revision=3, occurred_on=DAY
    )
    unchanged = charge_correction_posting(
        "claim:1", booked_cents=0, charge_cents=0, revision=4, occurred_on=DAY
    )

    assert changed is not None
    assert voided is not None
    assert unchanged is None
    assert claim_balance("claim:1", [first, changed]).insurance_cents == 20_000
    assert balances([first, changed, voided]).by_account == {}


def test_a_secondary_claim_moves_the_receivable_and_earns_no_revenue_twice() -> None:
    primary = posting(
        Entry(Account.NEXT_PAYER_RECEIVABLE, 3_000, "claim:1"),
        Entry(Account.INSURANCE_RECEIVABLE, -3_000, "claim:1"),
    )
    moved = secondary_charge_posting(
        "claim:2", primary_claim_id="claim:1", amount_cents=3_000, occurred_on=DAY
    )

    after = balances([primary, moved])
    assert after.claim_cents("claim:2", Account.INSURANCE_RECEIVABLE) == 3_000
    assert after.claim_cents("claim:1", Account.NEXT_PAYER_RECEIVABLE) == 0
    assert after.account_cents(Account.PATIENT_SERVICE_REVENUE) == 0


@given(st.integers(0, 10**7))
def test_the_reversal_of_a_posting_brings_every_account_back(cents: int) -> None:
    booked = charge_posting("claim:1", cents, occurred_on=DAY)

    assert balances([booked, reversal(booked, key="undo", occurred_on=DAY)]).by_account == {}


def test_a_deposit_clears_the_remittance_whichever_came_first() -> None:
    announced = posting(
        Entry(Account.REMITTANCE_CLEARING, 8_000, "claim:1"),
        Entry(Account.INSURANCE_RECEIVABLE, -8_000, "claim:1"),
        key="r",
    )
    seen = deposit_posting(
        DepositReceived(deposit_id="d1", trace_number="T1", amount_cents=8_000, deposited_on=DAY),
    )

    for order in ([announced, seen], [seen, announced]):
        assert balances(order).account_cents(Account.REMITTANCE_CLEARING) == 0
        assert balances(order).account_cents(Account.CASH) == 8_000


@pytest.mark.parametrize("kind", BalanceAdjustmentKind)
def test_every_balance_adjustment_balances_and_refuses_a_negative_amount(
    kind: BalanceAdjustmentKind,
) -> None:
    def adjustment(amount_cents: int) -> BalanceAdjustment:
        return BalanceAdjustment(
            adjustment_id="a1",
            claim_id="claim:1",
            kind=kind,
            amount_cents=amount_cents,
            occurred_on=DAY,
        )

    booked = balance_adjustment_posting(adjustment(500))
    assert prove([booked]).holds
    assert {entry.amount_cents for entry in booked.entries} == {500, -500}
    for wrong in (0, -500):
        with pytest.raises(MoneyError, match="adjustment_not_positive"):
            balance_adjustment_posting(adjustment(wrong))


def test_a_patient_payment_lowers_what_the_patient_owes() -> None:
    owed = posting(
        Entry(Account.PATIENT_RECEIVABLE, 2_000, "claim:1"),
        Entry(Account.INSURANCE_RECEIVABLE, -2_000, "claim:1"),
    )
    paid = balance_adjustment_posting(
        BalanceAdjustment(
            adjustment_id="a1",
            claim_id="claim:1",
            kind=BalanceAdjustmentKind.PATIENT_PAYMENT,
            amount_cents=1_500,
            occurred_on=DAY,
        )
    )

    balance = claim_balance("claim:1", [owed, paid])
    assert balance.patient_cents == 500
    assert not balance.is_settled


@given(st.lists(st.tuples(st.sampled_from(Account), st.integers(-(10**6), 10**6)), min_size=1))
def test_any_ledger_of_postings_sums_to_zero(moves: list[tuple[Account, int]]) -> None:
    booked = [
        posting(Entry(account, cents), Entry(Account.CASH, -cents), key=f"k{index}")
        for index, (account, cents) in enumerate(moves)
    ]

    assert sum(balances(booked).by_account.values()) == 0
    assert prove(booked).holds


def test_the_same_posting_delivered_twice_counts_once() -> None:
    booked = charge_posting("claim:1", 100, occurred_on=DAY)

    assert balances([booked, booked]) == balances([booked])
    assert claim_balance("claim:1", [booked, booked]).charged_cents == 100
    assert prove([booked, booked]).posting_count == 1


def test_damage_in_the_store_is_counted_and_two_errors_do_not_hide_each_other() -> None:
    proof = prove_entries(
        [
            ("too much", (Entry(Account.CASH, 7), Entry(Account.WRITE_OFF, -6))),
            ("too little", (Entry(Account.CASH, 6), Entry(Account.WRITE_OFF, -7))),
            ("fine", (Entry(Account.CASH, 5), Entry(Account.WRITE_OFF, -5))),
        ]
    )

    assert proof.imbalance_cents == 2
    assert proof.unbalanced_postings == ("too much", "too little")
    assert not proof.holds


def test_one_key_with_two_contents_is_a_conflict() -> None:
    one = posting(Entry(Account.CASH, 5), Entry(Account.WRITE_OFF, -5))
    other = posting(Entry(Account.CASH, 6), Entry(Account.WRITE_OFF, -6))

    assert prove([one, other]).conflicting_keys == ("k",)
    assert not prove([one, other]).holds


def test_an_adjudicated_line_must_explain_its_whole_charge() -> None:
    with pytest.raises(MoneyError, match="adjudicated_line_does_not_add_up"):
        AdjudicatedAmounts(
            occurrence="p|1|1",
            line_ordinal=1,
            order="",
            payer_rank=1,
            claim_status="1",
            charge_cents=100,
            paid_cents=60,
            contractual_cents=39,
            patient_cents=0,
            interest_cents=0,
            denied_cents=0,
            open_cents=0,
            receivable=Account.INSURANCE_RECEIVABLE,
            patient_account=Account.PATIENT_RECEIVABLE,
        )


def test_a_posting_survives_being_stored_and_read_back() -> None:
    adjudicated = AdjudicatedAmounts(
        occurrence="p|1|1",
        line_ordinal=1,
        order="2026-03-02|p|1|1",
        payer_rank=1,
        claim_status="1",
        charge_cents=100,
        paid_cents=60,
        contractual_cents=40,
        patient_cents=0,
        interest_cents=0,
        denied_cents=0,
        open_cents=0,
        receivable=Account.INSURANCE_RECEIVABLE,
        patient_account=Account.PATIENT_RECEIVABLE,
        codes=("CO-45:40",),
    )
    booked = Posting(
        key=adjudicated.key,
        kind=PostingKind.REMITTANCE,
        entries=(Entry(Account.CASH, 1, "claim:1"), Entry(Account.WRITE_OFF, -1, "claim:1")),
        occurred_on=DAY,
        source="p",
        claim_id="claim:1",
        line_id="line:1",
        adjudicated=adjudicated,
    )

    assert msgspec.convert(msgspec.to_builtins(booked), Posting) == booked
    assert msgspec.json.decode(msgspec.json.encode(booked), type=Posting) == booked
