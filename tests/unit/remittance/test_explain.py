"""Where each cent of a payment went, and the four totals that must agree."""

from collections import defaultdict
from dataclasses import replace
from datetime import date

from hypothesis import given

from functions.billing.domain.ledger.postings import Posting
from functions.billing.domain.remittance.explain import explain_payment
from functions.billing.domain.remittance.post import matched_posting, unmatched_posting
from functions.billing.domain.remittance.provider_level import provider_adjustment_posting
from functions.billing.domain.remittance.records import ProviderAdjustment
from tests.unit.remittance.remittances import (
    DAY,
    Arrival,
    answer,
    claim,
    line,
    payment,
    post_all,
    reversal_of,
)
from tests.unit.remittance.test_posting_order import answers_of_one_claim

PAID = answer(line(1, 10_000, CO_45=2_000, PR_1=1_000))


def explained(ledger: tuple[Posting, ...], number: int = 1) -> dict[str, int]:
    return explain_payment(payment(number).identity, ledger).destinations


def test_a_line_shows_what_became_of_its_charge_and_by_which_codes() -> None:
    ledger = post_all(claim(10_000), (payment(1), PAID))

    (said,) = explain_payment(payment(1).identity, ledger).answers

    (one,) = said.lines
    assert (said.claim_id, said.claim_status, said.paid_cents) == ("claim:1", "1", 7_000)
    assert (one.charge_cents, one.contractual_cents, one.patient_cents) == (10_000, 2_000, 1_000)
    assert one.codes == ("CO-45:2000", "PR-1:1000")
    assert explained(ledger) == {"claims": 7_000}


def test_a_payment_made_twice_is_shown_as_a_credit_balance_of_the_second() -> None:
    ledger = post_all(claim(10_000), (payment(1), PAID), (payment(2), PAID))

    assert explained(ledger) == {"claims": 7_000}
    assert explained(ledger, 2) == {"credit_balances": 7_000}


def test_a_held_correction_moves_to_its_claim_when_the_reversal_comes() -> None:
    fixed = answer(line(1, 10_000, CO_45=4_000))
    ledger = post_all(claim(10_000), (payment(1), PAID), (payment(2), fixed))
    assert explained(ledger, 2) == {"credit_balances": 6_000}

    ledger = post_all(
        claim(10_000), (payment(1), PAID), (payment(2), fixed), (payment(3), reversal_of(PAID))
    )

    assert explained(ledger, 2) == {"claims": 6_000}
    assert explained(ledger, 3) == {"claims": -7_000}


def test_cash_set_aside_is_unapplied_until_it_is_assigned() -> None:
    header = payment(1)
    unmatched = unmatched_posting(PAID, header, posted_on=DAY)

    assert explained((unmatched,)) == {"unapplied_remittance": 7_000}
    assert explain_payment(header.identity, (unmatched,)).aside[0].ordinal == 1

    assigned = matched_posting(unmatched, posted_on=DAY)
    ledger = (unmatched, assigned, *post_all(claim(10_000), (header, PAID)))
    assert explained(ledger) == {"claims": 7_000}


def test_provider_level_amounts_go_by_their_account_with_the_sign_of_the_cash() -> None:
    header = payment(1)
    pairs = (("WO", 3_000), ("L6", -25), ("IR", 100), ("FB", -40))
    ledger = tuple(
        provider_adjustment_posting(
            ProviderAdjustment("1234567893", date(2026, 12, 31), reason, "", cents),
            header,
            ordinal,
            posted_on=DAY,
        )
        for ordinal, (reason, cents) in enumerate(pairs, start=1)
    )

    assert explained(ledger) == {
        "payer_recoupment": -3_000,
        "interest_income": 25,
        "payer_withholding": -100,
        "payer_forward_balance": 40,
    }
    assert explain_payment(header.identity, ledger).ledger_cents == -3_035


@given(answers_of_one_claim())
def test_every_cent_of_every_payment_has_one_place(arrivals: list[Arrival]) -> None:
    ledger = post_all(claim(10_000, 10_000), *arrivals)
    paid: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for header, said in arrivals:
        paid[header.identity][said.ordinal] = said.paid_cents

    for identity, by_ordinal in paid.items():
        taken_apart = explain_payment(identity, ledger)
        assert taken_apart.ledger_cents == sum(by_ordinal.values())
        for shown in taken_apart.answers:
            assert shown.paid_cents == by_ordinal[shown.ordinal]
            for each in shown.lines:
                assert each.charge_cents == (
                    each.paid_cents
                    + each.contractual_cents
                    + each.patient_cents
                    + each.interest_cents
                    + each.denied_cents
                    + each.open_cents
                )


def test_payments_of_others_and_deposits_are_passed_over() -> None:
    ledger = post_all(claim(10_000), (payment(1), PAID))

    assert explained(ledger, 9) == {}
    assert replace(payment(1), trace_number="other").identity != payment(1).identity
