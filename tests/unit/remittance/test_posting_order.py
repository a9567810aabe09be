"""Whatever the order and however often payers' answers arrive, the ledger is the same."""

from itertools import permutations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.balances import balances, claim_balance, prove
from functions.billing.domain.ledger.postings import Posting
from functions.billing.domain.remittance.post import ExceptionCode, PostingState, standing_of
from functions.billing.domain.remittance.reconcile import OutcomeAction, OutcomeKind
from functions.billing.domain.remittance.records import RemittedLine
from tests.unit.remittance.remittances import (
    Arrival,
    answer,
    claim,
    line,
    payment,
    plan,
    post_all,
    reversal_of,
)

CENTS = st.integers(0, 6_000)


@st.composite
def split_lines(draw: st.DrawFn, ordinal: int) -> RemittedLine:
    """A line of 100 dollars, split at random, refused amounts and negative ones included."""
    return line(
        ordinal,
        10_000,
        CO_45=draw(st.integers(-50, 4_000)),
        PR_1=draw(st.sampled_from([0, 0, 1_500])),
        CO_197=draw(st.sampled_from([0, 0, 2_000, 6_000])),
        OA_133=draw(st.sampled_from([0, 0, 0, 100])),
    )


@st.composite
def answers_of_one_claim(draw: st.DrawFn) -> list[Arrival]:
    """Up to three answers, whole, split or repeated, each maybe reversed then or later."""
    arrivals: list[Arrival] = []
    for number in range(draw(st.integers(1, 3))):
        ordinals = draw(st.sampled_from([(1,), (2,), (1, 2), (1, 2), ()]))
        lines = tuple(draw(split_lines(ordinal)) for ordinal in ordinals)
        status = draw(st.sampled_from(["1", "1", "1", "2"]))
        repeats_first = draw(st.booleans())
        if arrivals and repeats_first:
            made = arrivals[0][1]
        elif lines:
            made = answer(*lines, status=status, CO_253=draw(CENTS) // 100)
        else:
            made = answer(charge_cents=20_000, CO_45=draw(CENTS), CO_197=draw(CENTS))
        arrivals.append((payment(number), made))
        if draw(st.booleans()):
            later = payment(draw(st.sampled_from([number, number + 5])))
            arrivals.append((later, reversal_of(made, ordinal=7)))
    return arrivals


def cash_by_payment(ledger: tuple[Posting, ...]) -> dict[str, int]:
    return {
        source: held[Account.REMITTANCE_CLEARING]
        for source, held in balances(ledger).by_source.items()
        if Account.REMITTANCE_CLEARING in held
    }


@given(answers_of_one_claim(), st.randoms(use_true_random=False))
def test_any_order_and_duplication_of_answers_gives_the_same_ledger(
    arrivals: list[Arrival], random: Random
) -> None:
    billed = claim(10_000, 10_000)
    shuffled = [*arrivals, *arrivals[:2]]
    random.shuffle(shuffled)

    in_order = post_all(billed, *arrivals)
    out_of_order = post_all(billed, *shuffled)

    assert balances(out_of_order).by_account == balances(in_order).by_account
    assert balances(out_of_order).by_claim == balances(in_order).by_claim
    assert cash_by_payment(out_of_order) == cash_by_payment(in_order)
    assert prove(out_of_order).holds


@given(answers_of_one_claim())
def test_what_is_posted_is_what_the_payer_paid_to_the_cent(arrivals: list[Arrival]) -> None:
    billed = claim(10_000, 10_000)
    distinct = {(header.identity, one.ordinal): one for header, one in arrivals}

    ledger = post_all(billed, *arrivals)

    assert balances(ledger).account_cents(Account.REMITTANCE_CLEARING) == sum(
        one.paid_cents for one in distinct.values()
    )


@given(split_lines(1), split_lines(1))
def test_reversal_and_correction_leave_only_the_correction_in_every_order(
    first: RemittedLine, second: RemittedLine
) -> None:
    billed = claim(10_000)
    original = (payment(1), answer(first))
    undo = (payment(2), reversal_of(original[1], ordinal=1))
    correction = (payment(2), answer(second, ordinal=2))
    wanted = balances(post_all(billed, correction)).by_account

    for order in permutations((original, undo, correction)):
        assert balances(post_all(billed, *order)).by_account == wanted


@given(split_lines(1))
def test_a_reversal_alone_brings_the_claim_back_to_its_charge(made: RemittedLine) -> None:
    billed = claim(10_000)
    original = (payment(1), answer(made))
    undo = (payment(2), reversal_of(original[1]))

    for order in permutations((original, undo)):
        ledger = post_all(billed, *order)
        assert balances(ledger).by_account == balances(post_all(billed)).by_account
        assert standing_of(ledger).answers == 0


def test_a_reversal_negates_the_original_line_by_line_with_its_codes() -> None:
    billed = claim(10_000)
    original = (payment(1), answer(line(1, 10_000, CO_45=2_000, PR_1=1_000)))
    ledger = post_all(billed, original)

    undo = plan((payment(2), reversal_of(original[1])), billed, ledger)

    booked = undo.postings[0]
    assert undo.state is PostingState.POSTED
    assert booked.kind == "reversal"
    assert {(one.account, -one.amount_cents) for one in booked.entries} == {
        (one.account, one.amount_cents) for one in ledger[-1].entries
    }
    assert booked.adjudicated is not None
    assert booked.adjudicated.codes == ("CO-45:-2000", "PR-1:-1000")
    assert undo.exceptions == ()


def test_a_correction_before_its_reversal_is_held_and_comes_into_force_with_it() -> None:
    billed = claim(10_000)
    original = (payment(1), answer(line(1, 10_000, CO_45=2_000)))
    fixed = answer(line(1, 10_000, CO_45=2_000, CO_197=5_000), ordinal=1)
    ledger = post_all(billed, original)

    early = plan((payment(2), fixed), billed, ledger)
    held = ledger + early.postings
    assert early.state is PostingState.HELD
    assert claim_balance("claim:1", held).credit_cents == 3_000
    assert standing_of(held).paid_cents == 8_000

    late = plan((payment(2), reversal_of(original[1], ordinal=2)), billed, held)
    after = held + late.postings
    assert late.released == (early.occurrence,)
    assert claim_balance("claim:1", after).credit_cents == 0
    assert claim_balance("claim:1", after).insurance_cents == 5_000
    assert standing_of(after).paid_cents == 3_000
    denial = next(one for one in late.outcomes if one.kind is OutcomeKind.DENIAL)
    assert denial.action is OutcomeAction.APPEAL
    assert denial.amount_cents == 5_000
    assert denial.occurrence == early.occurrence


def test_a_correction_in_the_same_payment_waits_and_one_said_to_be_one_too() -> None:
    billed = claim(10_000)
    ledger = post_all(billed, (payment(1), answer(line(1, 10_000, CO_45=2_000))))
    fixed = answer(line(1, 10_000, CO_45=3_000), ordinal=2)
    said = answer(line(1, 10_000, CO_45=3_000), remarks=("MA67",))

    for arrival in ((payment(1), fixed), (payment(2), said)):
        early = plan(arrival, billed, ledger)
        assert [(one.kind, one.action) for one in early.outcomes] == [
            (OutcomeKind.CORRECTION_HELD, OutcomeAction.WAIT)
        ]
        assert early.exceptions[0].code is ExceptionCode.CORRECTION_BEFORE_REVERSAL


def test_a_claim_paid_twice_is_credited_not_posted_to_the_receivable() -> None:
    billed = claim(10_000)
    paid = answer(line(1, 10_000, CO_45=2_000))
    ledger = post_all(billed, (payment(1), paid))

    again = plan((payment(2), paid), billed, ledger)
    after = ledger + again.postings

    assert again.state is PostingState.HELD
    assert [(one.kind, one.action, one.amount_cents) for one in again.outcomes] == [
        (OutcomeKind.DUPLICATE_PAYMENT, OutcomeAction.INVESTIGATE, 8_000)
    ]
    assert again.exceptions[0].code is ExceptionCode.DUPLICATE_PAYMENT
    balance = claim_balance("claim:1", after)
    assert (balance.insurance_cents, balance.credit_cents) == (0, 8_000)


def test_a_duplicate_payment_taken_back_by_reversal_leaves_nothing_to_refund() -> None:
    billed = claim(10_000)
    paid = answer(line(1, 10_000, CO_45=2_000))
    once = post_all(billed, (payment(1), paid))

    thrice = post_all(
        billed, (payment(1), paid), (payment(2), paid), (payment(3), reversal_of(paid))
    )

    assert balances(thrice).by_account == balances(once).by_account


def test_the_same_payment_from_another_file_adds_nothing() -> None:
    billed = claim(10_000)
    paid = answer(line(1, 10_000, CO_45=2_000))
    ledger = post_all(billed, (payment(1), paid))

    copy = plan((payment(1, control_number="0009"), paid), billed, ledger)

    assert copy.state is PostingState.DUPLICATE_REMITTANCE
    assert copy.postings == ()


def test_posting_again_gives_the_same_keys_and_nothing_to_add() -> None:
    billed = claim(10_000, 5_000)
    arrival = (payment(1), answer(line(1, 10_000, CO_45=2_000), line(2, 5_000)))
    first = plan(arrival, billed, post_all(billed))

    assert plan(arrival, billed, post_all(billed)).postings == first.postings
    again = plan(arrival, billed, post_all(billed, arrival))
    assert again.state is PostingState.ALREADY_POSTED
    assert again.postings == ()
    assert again.outcomes == first.outcomes
    assert [one.key.split("|")[-3:] for one in first.postings] == [
        ["0001", "1", "1"],
        ["0001", "1", "2"],
    ]


def test_a_claim_number_repeated_within_a_payment_posts_each_occurrence() -> None:
    billed = claim(10_000, 5_000)
    header = payment(1)

    ledger = post_all(
        billed,
        (header, answer(line(1, 10_000, CO_45=2_000), ordinal=1)),
        (header, answer(line(2, 5_000, CO_45=1_000), ordinal=2)),
    )

    assert claim_balance("claim:1", ledger).paid_by_payer_cents == 12_000
    assert claim_balance("claim:1", ledger).is_settled


def test_a_denied_line_paid_later_without_a_reversal_is_applied() -> None:
    billed = claim(10_000, 5_000)
    denied = answer(line(1, 10_000, CO_45=2_000), line(2, 5_000, CO_45=500, CO_197=4_500))
    overturned = answer(line(2, 5_000, CO_45=1_000))
    arrivals = ((payment(1), denied), (payment(2), overturned))

    for order in permutations(arrivals):
        ledger = post_all(billed, *order)
        assert claim_balance("claim:1", ledger).is_settled
        assert claim_balance("claim:1", ledger).contractual_cents == 3_000
        assert standing_of(ledger).denied_cents == 0


def test_a_later_denial_as_a_duplicate_undoes_nothing() -> None:
    billed = claim(10_000)
    paid = (payment(1), answer(line(1, 10_000, CO_45=2_000, PR_1=1_000)))
    resent = (payment(2), answer(line(1, 10_000, OA_18=10_000)))
    once = balances(post_all(billed, paid)).by_account

    for order in permutations((paid, resent)):
        assert balances(post_all(billed, *order)).by_account == once


def test_a_reversal_of_something_never_seen_is_held_and_told() -> None:
    billed = claim(10_000)
    unseen = answer(line(1, 10_000, CO_45=2_000))

    alone = plan((payment(2), reversal_of(unseen)), billed, post_all(billed))

    assert alone.state is PostingState.HELD
    assert [one.code for one in alone.exceptions] == [ExceptionCode.REVERSAL_WITHOUT_ORIGINAL]
    after = post_all(billed) + alone.postings
    assert claim_balance("claim:1", after).insurance_cents == 10_000
    assert claim_balance("claim:1", after).credit_cents == -8_000


def test_a_reversal_with_other_codes_still_nets_to_nothing_and_is_told() -> None:
    billed = claim(10_000)
    original = answer(line(1, 10_000, CO_45=2_000))
    odd = reversal_of(answer(line(1, 10_000, CO_197=2_000)))
    ledger = post_all(billed, (payment(1), original))

    undo = plan((payment(2), odd), billed, ledger)

    assert [one.code for one in undo.exceptions] == [ExceptionCode.REVERSAL_DIFFERS_FROM_ORIGINAL]
    assert balances(ledger + undo.postings).by_account == balances(post_all(billed)).by_account


def test_a_reversal_at_claim_level_cancels_an_original_by_lines_and_is_told() -> None:
    billed = claim(10_000, 5_000)
    original = (payment(1), answer(line(1, 10_000, CO_45=2_000), line(2, 5_000)))
    whole = (payment(2), reversal_of(answer(charge_cents=15_000, CO_45=2_000)))

    for order in permutations((original, whole)):
        ledger = post_all(billed, *order)
        assert balances(ledger).by_account == balances(post_all(billed)).by_account


def test_an_inexact_reversal_does_not_take_the_original_of_an_exact_one() -> None:
    billed = claim(10_000)
    one = answer(line(1, 10_000, CO_45=2_000))
    other = answer(line(1, 10_000, CO_253=2_000))
    exact, odd = reversal_of(one), reversal_of(answer(line(1, 10_000, CO_94=2_000)))
    ledger = post_all(billed, (payment(1), one), (payment(2), other), (payment(3), odd))

    undo = plan((payment(4), exact), billed, ledger)

    assert undo.exceptions == ()
    assert undo.paired_with.startswith(payment(1).identity)


def test_a_claim_split_over_two_payments_keeps_the_claim_level_parts_of_both() -> None:
    billed = claim(10_000, 5_000)

    ledger = post_all(
        billed,
        (payment(1), answer(line(1, 10_000), CO_253=200)),
        (payment(2), answer(line(2, 5_000), CO_253=100)),
    )

    balance = claim_balance("claim:1", ledger)
    assert (balance.contractual_cents, balance.credit_cents) == (300, 0)


def test_the_claim_level_part_of_a_held_answer_is_held_with_its_lines() -> None:
    billed = claim(10_000)

    ledger = post_all(
        billed,
        (payment(1), answer(line(1, 10_000, CO_45=1_000))),
        (payment(2), answer(line(1, 10_000, CO_45=1_000), CO_253=200)),
    )

    balance = claim_balance("claim:1", ledger)
    assert (balance.contractual_cents, balance.credit_cents) == (1_000, 8_800)
