"""A whole payment: does it add up, was it seen before, is all of it in ledger and bank."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.balances import balances
from functions.billing.domain.ledger.bookings import DepositReceived, deposit_posting
from functions.billing.domain.remittance.arrivals import (
    Arrival,
    classify_arrival,
    content_digest,
)
from functions.billing.domain.remittance.balance import (
    claim_differences,
    remittance_differences,
)
from functions.billing.domain.remittance.deposits import (
    AnnouncedPayment,
    DepositOutcome,
    WaitingFor,
    age_unassociated,
    match_deposit,
)
from functions.billing.domain.remittance.post import (
    matched_posting,
    reconcile_posted,
    reconcile_totals,
    unmatched_posting,
)
from functions.billing.domain.remittance.provider_level import (
    claim_of_reference,
    plan_provider_adjustment,
    provider_adjustment_posting,
)
from functions.billing.domain.remittance.records import ProviderAdjustment, RemittanceHeader
from tests.unit.remittance.remittances import (
    DAY,
    answer,
    charged,
    claim,
    line,
    payment,
    plan,
    post_all,
    reversal_of,
)


def adjustment(reason: str, amount_cents: int, reference: str = "") -> ProviderAdjustment:
    return ProviderAdjustment("1234567893", None, reason, reference, amount_cents)


def test_a_balanced_remittance_has_no_differences_reversals_and_negative_cas_included() -> None:
    paid = answer(line(1, 10_000, CO_45=2_000, CO_94=-6), CO_253=100)
    header = payment(1, 500, provider_adjustments=(adjustment("WO", -500),))

    assert remittance_differences(header, [paid, reversal_of(paid, ordinal=2)]) == ()


def test_each_level_that_does_not_add_up_is_named_with_its_difference() -> None:
    paid = answer(line(1, 10_000, CO_45=2_000))
    bad_line = replace(paid, lines=(replace(paid.lines[0], paid_cents=7_999),))
    bad_claim = replace(paid, paid_cents=7_990)
    bad_charge = replace(paid, charge_cents=10_001, paid_cents=8_001)

    assert [
        (one.level, one.place, one.difference_cents) for one in claim_differences(bad_line)
    ] == [("line", "CLP 1 SVC 1", -1)]
    assert [(one.level, one.difference_cents) for one in claim_differences(bad_claim)] == [
        ("claim", -10)
    ]
    assert [(one.place, one.difference_cents) for one in claim_differences(bad_charge)] == [
        ("CLP 1 lines", -1)
    ]
    assert [
        (one.level, one.difference_cents)
        for one in remittance_differences(payment(1, 9_000), [paid])
    ] == [("transaction", 1_000)]


def test_a_status_that_moves_no_money_may_not_pay() -> None:
    assert claim_differences(answer(line(1, 10_000), status="25"))[0].place == "CLP 1 status 25"


def test_a_positive_provider_adjustment_reduces_the_payment() -> None:
    paid = answer(line(1, 10_000))

    assert (
        remittance_differences(
            payment(1, 9_000, provider_adjustments=(adjustment("FB", 1_000),)), [paid]
        )
        == ()
    )


def test_a_second_copy_is_a_duplicate_and_other_content_under_the_same_identity_a_conflict() -> (
    None
):
    header, paid = payment(1, 8_000), answer(line(1, 10_000, CO_45=2_000))
    copy = payment(1, 8_000, control_number="0044")
    denied = answer(line(1, 10_000, CO_45=1_000, CO_197=1_000))
    known = {header.identity: content_digest(header, [paid])}

    assert classify_arrival(header, content_digest(header, [paid]), {}) is Arrival.NEW
    assert classify_arrival(copy, content_digest(copy, [paid]), known) is Arrival.DUPLICATE
    assert classify_arrival(header, content_digest(header, [denied]), known) is Arrival.CONFLICT
    withheld = replace(header, provider_adjustments=(adjustment("WO", 5), adjustment("FB", -5)))
    assert classify_arrival(header, content_digest(withheld, [paid]), known) is Arrival.CONFLICT
    test_file = replace(header, is_test=True)
    assert classify_arrival(test_file, content_digest(test_file, [paid]), {}) is Arrival.TEST


def test_the_same_cheque_number_from_another_payer_is_another_payment() -> None:
    header, paid = payment(1, 8_000), answer(line(1, 10_000, CO_45=2_000))
    other = replace(header, payer_identifier="1888888888")
    known = {header.identity: content_digest(header, [paid])}

    assert classify_arrival(other, content_digest(other, [paid]), known) is Arrival.NEW


@pytest.mark.parametrize(
    ("reason", "account"),
    [
        ("WO", Account.PAYER_RECOUPMENT),
        ("72", Account.PAYER_RECOUPMENT),
        ("FB", Account.PAYER_FORWARD_BALANCE),
        ("L6", Account.INTEREST_INCOME),
        ("J1", Account.PROVIDER_LEVEL_ADJUSTMENT),
        ("CS", Account.PROVIDER_LEVEL_ADJUSTMENT),
        ("IR", Account.PAYER_WITHHOLDING),
        ("L3", Account.PAYER_FEE),
        ("CT", Account.OTHER_PAYER_INCOME),
    ],
)
def test_a_provider_adjustment_moves_the_payment_against_its_account(
    reason: str, account: Account
) -> None:
    booked = provider_adjustment_posting(adjustment(reason, 700), payment(1), 1, posted_on=DAY)

    assert booked.amount_cents(account) == 700
    assert booked.amount_cents(Account.REMITTANCE_CLEARING) == -700


def test_interest_paid_to_us_is_negative_on_the_wire_and_income_in_the_ledger() -> None:
    booked = provider_adjustment_posting(adjustment("L6", -31), payment(1), 1, posted_on=DAY)

    assert booked.amount_cents(Account.INTEREST_INCOME) == -31
    assert booked.amount_cents(Account.REMITTANCE_CLEARING) == 31


def test_a_takeback_names_its_claim_and_one_without_a_claim_is_reviewed() -> None:
    ours = claim(10_000)
    takeback = adjustment("WO", 8_000, "ICN1 20260302")
    assert claim_of_reference(takeback.reference, [ours]) == "claim:1"
    assert claim_of_reference("ICN12", [ours]) == ""

    named = plan_provider_adjustment(takeback, payment(1), 1, posted_on=DAY, claim_id="claim:1")
    nameless = plan_provider_adjustment(takeback, payment(1), 1, posted_on=DAY)
    unknown = plan_provider_adjustment(adjustment("Z9", 5), payment(1), 2, posted_on=DAY)

    assert named.is_takeback
    assert named.needs_review == ""
    assert balances([named.posting]).claim_cents("claim:1", Account.PAYER_RECOUPMENT) == 8_000
    assert nameless.needs_review == "takeback_without_claim"
    assert unknown.needs_review == "unknown_provider_adjustment"
    assert unknown.posting.amount_cents(Account.PROVIDER_LEVEL_ADJUSTMENT) == 5


def test_money_announced_to_be_taken_later_and_then_taken_nets_to_nothing() -> None:
    """Reversal now, cash later: WO negative with the reversal, positive when it is withheld."""
    ours = claim(10_000)
    paid = answer(line(1, 10_000, CO_45=2_000))
    ledger = post_all(ours, (payment(1), paid), (payment(2), reversal_of(paid)))
    announced = provider_adjustment_posting(
        adjustment("WO", -8_000, "ICN1"), payment(2), 1, posted_on=DAY, claim_id="claim:1"
    )
    taken = provider_adjustment_posting(
        adjustment("WO", 8_000, "ICN1"), payment(3), 1, posted_on=DAY, claim_id="claim:1"
    )

    after = balances([*ledger, announced, taken])
    assert after.account_cents(Account.PAYER_RECOUPMENT) == 0
    assert after.account_cents(Account.REMITTANCE_CLEARING) == 0
    assert after.claim_cents("claim:1", Account.INSURANCE_RECEIVABLE) == 10_000


def test_an_unmatched_answer_is_in_the_ledger_at_once_and_moves_to_its_claim_later() -> None:
    header, paid, ours = payment(1, 8_000), answer(line(1, 10_000, CO_45=2_000)), claim(10_000)
    waiting = unmatched_posting(paid, header, posted_on=DAY)
    assert reconcile_totals(header, claims_paid_cents=8_000, postings=[waiting]).reconciles
    assert balances([waiting]).account_cents(Account.UNAPPLIED_REMITTANCE) == -8_000

    found = plan((header, paid), ours, charged(ours)).postings
    ledger = [waiting, matched_posting(waiting, posted_on=DAY), *found]
    assert reconcile_totals(header, claims_paid_cents=8_000, postings=ledger).reconciles
    assert balances(ledger).account_cents(Account.UNAPPLIED_REMITTANCE) == 0


@given(
    st.lists(st.tuples(st.integers(0, 9_000), st.integers(0, 900)), min_size=1, max_size=4),
    st.lists(st.tuples(st.sampled_from(["WO", "FB", "L6", "XX"]), st.integers(-500, 500))),
)
def test_what_is_posted_of_a_payment_is_its_bpr_amount(
    splits: list[tuple[int, int]], provider_level: list[tuple[str, int]]
) -> None:
    """Σ posted is BPR02 is Σ CLP04 less Σ PLB, every claim under its own snapshot."""
    answers = [
        answer(line(1, 10_000, CO_45=contractual, PR_1=patient), ordinal=number)
        for number, (contractual, patient) in enumerate(splits, start=1)
    ]
    pairs = tuple(adjustment(reason, cents) for reason, cents in provider_level)
    claims_paid = sum(one.paid_cents for one in answers)
    header = payment(
        1, claims_paid - sum(one.amount_cents for one in pairs), provider_adjustments=pairs
    )
    snapshots = [replace(claim(10_000), claim_id=f"claim:{one.ordinal}") for one in answers]
    ledger = [
        posting
        for one, ours in zip(answers, snapshots, strict=True)
        for posting in plan((header, one), ours, charged(ours)).postings
    ]
    ledger += [
        provider_adjustment_posting(pair, header, number, posted_on=DAY)
        for number, pair in enumerate(pairs, start=1)
    ]

    assert remittance_differences(header, answers) == ()
    assert reconcile_totals(header, claims_paid_cents=claims_paid, postings=ledger).reconciles
    assert not reconcile_totals(
        header, claims_paid_cents=claims_paid + 1, postings=ledger
    ).reconciles
    assert (
        reconcile_posted(
            header, claims_paid_cents=claims_paid, posted_cents=header.total_paid_cents - 1
        ).posting_difference_cents
        == -1
    )


def announced(header: RemittanceHeader) -> AnnouncedPayment:
    return AnnouncedPayment(
        identity=header.identity,
        trace_number=header.trace_number,
        total_paid_cents=header.total_paid_cents,
        settles_on=header.settles_on,
        received_on=DAY,
    )


def deposit(trace_number: str, amount_cents: int) -> DepositReceived:
    return DepositReceived(
        deposit_id="d1",
        trace_number=trace_number,
        amount_cents=amount_cents,
        deposited_on=DAY + timedelta(days=1),
    )


ONE, TWO = announced(payment(1, 8_000)), announced(payment(2, 3_000))


def test_a_deposit_matches_by_trace_and_amount() -> None:
    match = match_deposit(deposit("EFT0001", 8_000), [TWO, ONE])

    assert match.is_matched
    assert match.identities == (ONE.identity,)


def test_a_deposit_of_another_amount_states_the_difference() -> None:
    match = match_deposit(deposit("EFT0001", 7_950), [ONE, TWO])

    assert match.outcome is DepositOutcome.AMOUNT_DIFFERS
    assert (match.announced_cents, match.difference_cents) == (8_000, -50)
    assert not match.is_matched


def test_payments_that_share_a_trace_match_together() -> None:
    split = replace(TWO, trace_number="EFT0001")

    match = match_deposit(deposit("EFT0001", 11_000), [ONE, split])

    assert match.is_matched
    assert set(match.identities) == {ONE.identity, split.identity}
    assert match_deposit(deposit("EFT0001", 3_000), [ONE, split]).identities == (split.identity,)


def test_a_deposit_without_trace_is_only_proposed_and_an_unknown_trace_is_unmatched() -> None:
    twin = replace(ONE, identity="other")

    assert match_deposit(deposit("", 8_000), [ONE, TWO]).outcome is DepositOutcome.PROPOSED
    assert match_deposit(deposit("", 8_000), [ONE, twin]).outcome is DepositOutcome.SEVERAL_FIT
    assert match_deposit(deposit("EFT9999", 8_000), [ONE]).outcome is DepositOutcome.NO_REMITTANCE


def test_halves_of_payments_age_until_the_other_half_comes() -> None:
    zero = replace(ONE, total_paid_cents=0)

    aged = age_unassociated(
        [deposit("EFT9999", 500)], [TWO, zero], today=DAY + timedelta(days=8), overdue_days=6
    )

    assert [(one.waiting_for, one.age_days, one.is_overdue) for one in aged] == [
        (WaitingFor.REMITTANCE, 7, True),
        (WaitingFor.DEPOSIT, 6, False),
    ]


def test_a_deposit_that_differs_leaves_the_difference_in_clearing() -> None:
    ours = claim(10_000)
    ledger = post_all(ours, (payment(1, 8_000), answer(line(1, 10_000, CO_45=2_000))))

    after = balances([*ledger, deposit_posting(deposit("EFT0001", 7_950))])

    assert after.account_cents(Account.REMITTANCE_CLEARING) == 50
