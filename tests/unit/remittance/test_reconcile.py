"""Each part of a line gets its class and its action, and every cent is in exactly one part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.balances import claim_balance
from functions.billing.domain.remittance.adjustments import AdjustmentKind, kind_of_bucket
from functions.billing.domain.remittance.post import ExceptionCode, PostingState
from functions.billing.domain.remittance.reconcile import (
    Adjudication,
    OutcomeAction,
    OutcomeKind,
    ReconcilePolicy,
)
from tests.unit.remittance.remittances import answer, charged, claim, line, payment, plan

CENTS = st.integers(-2_000, 20_000)


def outcomes_of(made: object) -> list[tuple[OutcomeKind, OutcomeAction, int]]:
    return [(one.kind, one.action, one.amount_cents) for one in made.outcomes]  # type: ignore[attr-defined]


def test_a_paid_line_with_its_contractual_part_closes() -> None:
    billed = claim(10_000, expected_cents=8_000)

    made = plan((payment(1), answer(line(1, 10_000, CO_45=2_000))), billed, charged(billed))

    assert outcomes_of(made) == [
        (OutcomeKind.PAYMENT, OutcomeAction.CLOSE, 8_000),
        (OutcomeKind.CONTRACTUAL_ADJUSTMENT, OutcomeAction.CLOSE, 2_000),
    ]
    assert made.adjudication.word is Adjudication.PAID
    assert claim_balance("claim:1", charged(billed) + made.postings).is_settled


def test_a_patient_share_goes_to_the_patient_or_to_the_next_payer() -> None:
    share = answer(line(1, 10_000, CO_45=2_000, PR_1=3_000))
    alone, covered = claim(10_000), claim(10_000, has_next_payer=True)

    to_patient = plan((payment(1), share), alone, charged(alone))
    to_payer = plan((payment(1), share), covered, charged(covered))

    kind = OutcomeKind.PATIENT_RESPONSIBILITY
    assert (kind, OutcomeAction.BILL_PATIENT, 3_000) in outcomes_of(to_patient)
    assert (kind, OutcomeAction.BILL_NEXT_PAYER, 3_000) in outcomes_of(to_payer)
    assert claim_balance("claim:1", charged(alone) + to_patient.postings).patient_cents == 3_000
    after = claim_balance("claim:1", charged(covered) + to_payer.postings)
    assert (after.patient_cents, after.next_payer_cents) == (0, 3_000)


def test_a_claim_the_payer_forwarded_itself_waits_and_is_not_billed_twice() -> None:
    billed = claim(10_000, expected_cents=8_000, has_next_payer=True)
    share = line(1, 10_000, CO_45=2_000, PR_2=1_000)

    for forwarded in (answer(share, status="19"), answer(share, remarks=("MA18",))):
        made = plan((payment(1), forwarded), billed, charged(billed))
        assert made.outcomes[-1].action is OutcomeAction.WAIT

    unknown_next = claim(10_000)
    made = plan((payment(1), answer(share, status="19")), unknown_next, charged(unknown_next))
    after = claim_balance("claim:1", charged(unknown_next) + made.postings)
    assert (after.patient_cents, after.next_payer_cents) == (0, 1_000)


def test_a_patient_the_payer_protects_is_not_billed_without_a_person() -> None:
    billed = claim(10_000, expected_cents=10_000)
    protected = answer(line(1, 10_000, PR_2=1_000), remarks=("N782",))

    made = plan((payment(1), protected), billed, charged(billed))

    assert made.outcomes[-1].action is OutcomeAction.INVESTIGATE


def test_a_denied_line_stays_on_the_receivable_and_opens_a_denial() -> None:
    billed = claim(10_000, 5_000, expected_cents=4_000)
    denied = answer(line(1, 10_000, CO_45=6_000), line(2, 5_000, CO_197=5_000))

    made = plan((payment(1), denied), billed, charged(billed))

    assert outcomes_of(made)[-1] == (OutcomeKind.DENIAL, OutcomeAction.APPEAL, 5_000)
    assert made.outcomes[-1].reasons == ("CO-197",)
    assert made.adjudication.word is Adjudication.PARTIAL
    assert made.adjudication.denied_line_ids == ("claim-one-line-2",)
    assert made.adjudication.is_first_pass_denial
    assert claim_balance("claim:1", charged(billed) + made.postings).insurance_cents == 5_000


@pytest.mark.parametrize(
    ("cents", "word"),
    [
        ({"CO_45": 2_000}, Adjudication.PAID),
        ({"CO_197": 10_000}, Adjudication.DENIED),
        ({"CO_45": 2_000, "PR_1": 1_000, "CO_197": 7_000}, Adjudication.DENIED),
        ({"CO_197": 1_000}, Adjudication.PARTIAL),
        ({"CO_45": 2_000, "PR_1": 8_000}, Adjudication.PATIENT),
        ({"CO_45": 10_000}, Adjudication.ZERO_PAY),
        ({"OA_133": 10_000}, Adjudication.ZERO_PAY),
    ],
)
def test_the_claim_is_told_in_one_word(cents: dict[str, int], word: Adjudication) -> None:
    billed = claim(10_000)

    made = plan((payment(1), answer(line(1, 10_000, cents))), billed, charged(billed))

    assert made.adjudication.word is word


def test_a_line_paid_nothing_wholly_to_the_deductible_is_not_a_denial() -> None:
    billed = claim(10_000)

    made = plan((payment(1), answer(line(1, 10_000, PR_1=10_000))), billed, charged(billed))

    assert made.adjudication.denied_cents == 0
    assert not made.adjudication.is_first_pass_denial


def test_less_than_expected_past_the_tolerance_stays_open_and_is_investigated() -> None:
    billed = claim(10_000, expected_cents=8_000)
    short = (payment(1), answer(line(1, 10_000, CO_45=3_500, PR_2=500)))

    made = plan(short, billed, charged(billed))
    tolerated = plan(short, billed, charged(billed), ReconcilePolicy(tolerance_cents=1_500))

    assert (OutcomeKind.UNDERPAYMENT, OutcomeAction.INVESTIGATE, 1_500) in outcomes_of(made)
    assert claim_balance("claim:1", charged(billed) + made.postings).insurance_cents == 1_500
    assert claim_balance("claim:1", charged(billed) + made.postings).contractual_cents == 2_000
    assert OutcomeKind.UNDERPAYMENT not in {one.kind for one in tolerated.outcomes}
    assert claim_balance("claim:1", charged(billed) + tolerated.postings).insurance_cents == 0


def test_more_than_expected_is_investigated_and_a_denial_is_not_taken_for_it() -> None:
    billed = claim(10_000, expected_cents=8_000)

    over = plan((payment(1), answer(line(1, 10_000, CO_45=500))), billed, charged(billed))
    denied = plan((payment(1), answer(line(1, 10_000, CO_197=10_000))), billed, charged(billed))

    assert (OutcomeKind.OVERPAYMENT, OutcomeAction.INVESTIGATE, 1_500) in outcomes_of(over)
    assert outcomes_of(denied) == [(OutcomeKind.DENIAL, OutcomeAction.APPEAL, 10_000)]


@pytest.mark.parametrize(("off_cents", "is_told"), [(100, False), (101, True)])
def test_the_tolerance_itself_is_still_tolerated(off_cents: int, *, is_told: bool) -> None:
    billed = claim(10_000, expected_cents=8_000)

    for contractual in (2_000 + off_cents, 2_000 - off_cents):
        answered = answer(line(1, 10_000, CO_45=contractual))
        made = plan((payment(1), answered), billed, charged(billed))
        actions = {one.action for one in made.outcomes}
        assert (OutcomeAction.INVESTIGATE in actions) is is_told


def test_a_secondary_payers_share_is_not_compared_with_the_primarys_contract() -> None:
    billed = claim(10_000, expected_cents=8_000, payer_rank=2)
    secondary = answer(line(1, 10_000, OA_23=7_000, CO_45=2_500), status="2")

    made = plan((payment(1), secondary), billed, ())

    assert OutcomeKind.UNDERPAYMENT not in {one.kind for one in made.outcomes}


def test_a_secondary_payer_balances_with_the_prior_payers_share_without_moving_it_again() -> None:
    billed = claim(10_000, payer_rank=2)
    secondary = answer(line(1, 10_000, OA_23=8_000, PR_2=500), status="2")

    made = plan((payment(1), secondary), billed, ())

    moved = {
        account: made.postings[0].amount_cents(account)
        for account in (Account.INSURANCE_RECEIVABLE, Account.REMITTANCE_CLEARING)
    }
    assert moved == {Account.INSURANCE_RECEIVABLE: -2_000, Account.REMITTANCE_CLEARING: 1_500}


def test_a_crossover_payment_credits_what_waited_for_the_next_payer() -> None:
    billed = claim(10_000, has_next_payer=True)
    ledger = charged(billed)
    first = answer(line(1, 10_000, CO_45=2_000, PR_2=2_000), status="19")
    ledger += plan((payment(1), first), billed, ledger).postings
    second = answer(line(1, 10_000, OA_23=8_000, PR_2=300), status="2")

    made = plan((payment(2), second), billed, ledger)

    after = claim_balance("claim:1", ledger + made.postings)
    assert (after.insurance_cents, after.next_payer_cents, after.patient_cents) == (0, 0, 300)
    assert [one.code for one in made.exceptions] == [ExceptionCode.PROCESSED_IN_OTHER_ORDER]


@pytest.mark.parametrize("status", ["23", "25"])
def test_predetermination_and_not_our_claim_move_no_money(status: str) -> None:
    billed = claim(10_000)

    made = plan(
        (payment(1), answer(line(1, 10_000, OA_133=10_000), status=status)),
        billed,
        charged(billed),
    )

    assert made.state is PostingState.NO_MONEY
    assert made.postings == ()
    assert made.adjudication.word is Adjudication.NO_MONEY


def test_an_unknown_adjustment_code_stays_open_and_is_investigated() -> None:
    billed = claim(10_000, expected_cents=8_000)

    made = plan((payment(1), answer(line(1, 10_000, CO_999=10_000))), billed, charged(billed))

    assert outcomes_of(made) == [
        (OutcomeKind.UNMAPPED_ADJUSTMENT, OutcomeAction.INVESTIGATE, 10_000)
    ]
    assert claim_balance("claim:1", charged(billed) + made.postings).insurance_cents == 10_000


def test_a_negative_adjustment_raises_the_payment_and_keeps_its_sign() -> None:
    billed = claim(10_000)

    made = plan((payment(1), answer(line(1, 10_000, CO_94=-6))), billed, charged(billed))

    assert made.posted_cents == 10_006
    after = claim_balance("claim:1", charged(billed) + made.postings)
    assert (after.insurance_cents, after.contractual_cents) == (0, -6)


def test_interest_inside_a_line_is_income_and_not_payment_for_the_service() -> None:
    billed = claim(10_000)

    made = plan((payment(1), answer(line(1, 10_000, PI_225=-25))), billed, charged(billed))

    assert made.postings[0].amount_cents(Account.INTEREST_INCOME) == -25
    assert claim_balance("claim:1", charged(billed) + made.postings).insurance_cents == 0


@given(CENTS, CENTS, CENTS, CENTS, CENTS, st.integers(0, 12_000))
def test_every_cent_of_the_charge_is_in_exactly_one_part(
    contractual: int, patient: int, denied: int, pended: int, interest: int, expected: int
) -> None:
    billed = claim(10_000, expected_cents=expected)
    made = plan(
        (
            payment(1),
            answer(
                line(
                    1,
                    10_000,
                    CO_45=contractual,
                    PR_1=patient,
                    CO_197=denied,
                    OA_133=pended,
                    PI_225=interest,
                )
            ),
        ),
        billed,
        charged(billed),
    )

    parts = [one.amount_cents for one in made.outcomes if one.kind is not OutcomeKind.OVERPAYMENT]
    assert sum(parts) == 10_000
    after = claim_balance("claim:1", charged(billed) + made.postings)
    assert after.paid_by_payer_cents == made.posted_cents == made.adjudication.paid_cents


def test_odd_answers_are_posted_and_told() -> None:
    billed = claim(10_000)
    odd = answer(line(1, 10_000, CO_45=2_000), line(2, 500, line_id="other-line-9"))

    made = plan((payment(1), odd), billed, charged(billed))

    assert {one.code for one in made.exceptions} == {
        ExceptionCode.CHARGE_DIFFERS,
        ExceptionCode.LINE_NOT_OURS,
        ExceptionCode.CREDIT_BALANCE,
    }


@pytest.mark.parametrize(
    ("group", "bucket", "sub_reason", "kind"),
    [
        ("CO", "contractual", "fee_schedule", AdjustmentKind.CONTRACTUAL),
        ("PR", "contractual", "fee_schedule", AdjustmentKind.PATIENT_RESPONSIBILITY),
        ("PR", "patient_responsibility", "copay", AdjustmentKind.PATIENT_RESPONSIBILITY),
        ("CO", "patient_responsibility", "copay", AdjustmentKind.UNMAPPED),
        ("OA", "informational", "prior_payer_impact", AdjustmentKind.PRIOR_PAYER),
        ("OA", "informational", "pended", AdjustmentKind.INFORMATIONAL),
        ("OA", "duplicate", "", AdjustmentKind.DENIAL),
        ("CO", "unmapped", "", AdjustmentKind.UNMAPPED),
    ],
)
def test_a_bucket_becomes_a_treatment(
    group: str, bucket: str, sub_reason: str, kind: AdjustmentKind
) -> None:
    assert kind_of_bucket(group, bucket, sub_reason) is kind


def test_a_bucket_that_is_no_word_of_the_table_is_refused() -> None:
    with pytest.raises(RuleSetError, match="unknown_adjustment_bucket"):
        kind_of_bucket("CO", "miscellaneous")


def test_a_line_no_contract_prices_is_told_and_never_guessed() -> None:
    billed = claim(10_000)
    paid = answer(line(1, 10_000, CO_45=9_000))

    made = plan((payment(1), paid), billed, charged(billed))

    assert (OutcomeKind.NOT_PRICED, OutcomeAction.CLOSE, 10_000) in outcomes_of(made)
    assert OutcomeKind.UNDERPAYMENT not in {one.kind for one in made.outcomes}


def test_a_paid_line_with_an_undecided_rest_is_a_partial_payment_past_the_tolerance() -> None:
    billed = claim(10_000, expected_cents=8_000)
    rest = answer(line(1, 10_000, CO_45=2_000, OA_133=3_000))
    pended = answer(line(1, 10_000, OA_133=10_000))
    cents = answer(line(1, 10_000, CO_45=2_000, OA_133=50))

    made, waits, small = (
        plan((payment(1), one), billed, charged(billed)) for one in (rest, pended, cents)
    )

    assert (OutcomeKind.PARTIAL_PAYMENT, OutcomeAction.INVESTIGATE, 3_000) in outcomes_of(made)
    assert outcomes_of(waits) == [(OutcomeKind.NOT_FINAL, OutcomeAction.WAIT, 10_000)]
    assert (OutcomeKind.NOT_FINAL, OutcomeAction.WAIT, 50) in outcomes_of(small)
