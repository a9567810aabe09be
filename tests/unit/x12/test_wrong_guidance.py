"""Advice found in the wild that is wrong, where it concerns X12; each is kept as a test."""

from __future__ import annotations

import pytest

from functions.billing.x12 import ClaimStatus, outcome_of_277ca
from functions.billing.x12.explanations import code_words
from functions.billing.x12.separators import DEFAULT_SEPARATORS

from .examples import (
    NPI_CLINIC,
    PAID_CLAIM,
    claim_acknowledgement,
    end_of,
    read_one,
    remittance_of,
    stc,
)


def words(segment: str, element: int, value: str) -> str:
    return code_words(segment, element, value, DEFAULT_SEPARATORS)


@pytest.mark.parametrize(("amount", "payment"), [("25", "95"), ("-25", "145")])
def test_a_positive_provider_adjustment_reduces_the_payment(amount: str, payment: str) -> None:
    plb = (f"PLB*{NPI_CLINIC}*20261231*WO:C0*{amount}",)
    assert end_of(remittance_of(PAID_CLAIM, payment=payment, plb=plb)).balance.is_balanced


def test_wo_takes_an_overpayment_back_and_is_no_withholding() -> None:
    assert words("PLB", 3, "WO:C0") == "overpayment taken back"
    assert words("PLB", 13, "E3") == "withhold"


def test_a_provider_adjustment_segment_holds_six_pairs_not_three() -> None:
    pairs = "*".join(f"L6:{number}*-1" for number in range(6))
    content = remittance_of(PAID_CLAIM, payment="126", plb=(f"PLB*{NPI_CLINIC}*20261231*{pairs}",))
    end = end_of(content)
    assert end.balance.is_balanced
    assert [pair.reference for pair in end.provider_adjustments] == list("012345")


def test_frequency_seven_replaces_and_eight_voids() -> None:
    assert words("CLM", 5, "11:B:7") == "replacement"
    assert words("CLM", 5, "11:B:8") == "void"


@pytest.mark.parametrize("reason", ["23", "18"])
def test_group_oa_is_arithmetic_like_any_other(reason: str) -> None:
    claim = ("CLP*C1*2*100*60", "SVC*HC:99213*100*60", f"CAS*OA*{reason}*40")
    assert end_of(remittance_of(claim, payment="60")).balance.is_balanced
    without = ("CLP*C1*2*100*60", "SVC*HC:99213*100*60")
    assert not end_of(remittance_of(without, payment="60")).balance.is_balanced


def test_a_negative_contractual_adjustment_is_kept_as_it_is_and_never_made_to_fit() -> None:
    claim = ("CLP*C1*1*100*110", "SVC*HC:99213*100*110", "CAS*CO*45*-10")
    content = remittance_of(claim, payment="110")
    assert end_of(content).balance.is_balanced
    (line,) = next(read_one(content).body.claims()).lines
    assert line.adjustments[0].amount_cents == -1_000
    flipped = ("CLP*C1*1*100*110", "SVC*HC:99213*100*110", "CAS*CO*45*10")
    balance = end_of(remittance_of(flipped, payment="110")).balance
    assert balance.unbalanced_claims[0].balance.line_differences_cents == (-2_000,)


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("N", "restricted to a provider"),
        ("O", "not medically necessary"),
        ("Q", "second opinion required"),
        ("R", "other or additional payer"),
        ("Y", "spend-down"),
    ],
)
def test_benefit_codes_are_not_shifted_by_one(code: str, meaning: str) -> None:
    assert words("EB", 1, code) == meaning


def test_a_277ca_is_matched_by_claim_number_never_by_name() -> None:
    claim = ClaimStatus(trace_number="C1", statuses=stc("A2"), payer_claim_control_number="ICN1")
    (outcome,) = outcome_of_277ca(claim_acknowledgement(claim)).claims
    assert (outcome.control_number, outcome.payer_claim_control_number) == ("C1", "ICN1")
    assert not hasattr(outcome, "name")


def test_a_reversal_keeps_the_original_group_and_reason_codes() -> None:
    reversal = (
        "CLP*C1*22*-100*-60",
        "SVC*HC:99213*-100*-60",
        "CAS*PR*2*-20",
        "CAS*CO*45*-20",
    )
    content = remittance_of(reversal, payment="-60")
    assert end_of(content).balance.is_balanced
    claim = next(read_one(content).body.claims())
    assert {a.group for a in claim.lines[0].adjustments} == {"PR", "CO"}
