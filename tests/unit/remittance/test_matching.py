"""A payer's answer finds its claim by control numbers, and never by a guess."""

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.claims.line_numbers import claim_and_line, line_control_number
from functions.billing.domain.remittance.matching import (
    MatchBasis,
    MatchConfidence,
    UnmatchedCause,
    match_claim,
    match_lines,
)
from functions.billing.domain.remittance.records import RemittedLine
from tests.unit.remittance.remittances import DAY, answer, claim, line

OURS = claim(10_000, 5_000)
OTHER = replace(
    OURS,
    claim_id="claim:2",
    patient_control_numbers=("PCN0000000002",),
    payer_claim_control_numbers=("ICN2",),
    lines=tuple(replace(one, line_id=f"other-{one.line_id}") for one in OURS.lines),
)
ANSWER = answer(line(1, 10_000), line(2, 5_000))


def lines_naming(claim_number: str) -> tuple[RemittedLine, ...]:
    """The answer's lines, each under a line control number that names a claim."""
    return tuple(replace(one, claim_number=claim_number) for one in ANSWER.lines)


def test_both_control_numbers_make_a_certain_match() -> None:
    match = match_claim(ANSWER, [OTHER, OURS])

    assert (match.claim_id, match.confidence) == ("claim:1", MatchConfidence.CERTAIN)
    assert match.basis is MatchBasis.PAYER_CLAIM_CONTROL_NUMBER
    assert match.is_matched


def test_control_numbers_that_point_to_different_claims_are_a_disagreement() -> None:
    match = match_claim(replace(ANSWER, payer_claim_control_number="ICN2"), [OURS, OTHER])

    assert match.cause is UnmatchedCause.CONTROL_NUMBERS_DISAGREE
    assert not match.is_matched


@pytest.mark.parametrize(
    ("changes", "basis"),
    [
        ({"payer_claim_control_number": ""}, MatchBasis.PATIENT_CONTROL_NUMBER),
        ({"patient_control_number": "0"}, MatchBasis.PAYER_CLAIM_CONTROL_NUMBER),
        (
            {
                "patient_control_number": "0",
                "payer_claim_control_number": "new",
                "lines": lines_naming("PCN0000000001"),
            },
            MatchBasis.LINE_CONTROL_NUMBER,
        ),
    ],
)
def test_each_control_number_is_enough_by_itself(
    changes: dict[str, object], basis: MatchBasis
) -> None:
    match = match_claim(replace(ANSWER, **changes), [OURS, OTHER])  # type: ignore[arg-type]

    assert (match.claim_id, match.basis, match.is_matched) == ("claim:1", basis, True)


def test_line_numbers_of_another_claim_are_a_disagreement_not_a_choice() -> None:
    theirs = tuple(
        replace(one, claim_number="PCN0000000002", line_id=f"other-{one.line_id}")
        for one in ANSWER.lines
    )

    match = match_claim(replace(ANSWER, lines=theirs), [OURS, OTHER])

    assert match.cause is UnmatchedCause.CONTROL_NUMBERS_DISAGREE


def test_line_numbers_prove_nothing_where_the_charge_is_not_the_one_billed() -> None:
    other_charge = tuple(
        replace(one, charge_cents=one.charge_cents + 1, paid_cents=one.paid_cents + 1)
        for one in lines_naming("PCN0000000001")
    )
    remitted = replace(
        ANSWER, patient_control_number="", payer_claim_control_number="", lines=other_charge
    )

    assert match_claim(remitted, [OURS]).cause is UnmatchedCause.NO_CLAIM_FOUND


def test_member_date_and_amount_propose_a_claim_and_post_nothing() -> None:
    ours = replace(OURS, member_id="ABC 123", service_from=DAY)
    remitted = replace(
        ANSWER,
        patient_control_number="",
        payer_claim_control_number="",
        member_id="abc123",
        service_from=DAY,
    )

    match = match_claim(remitted, [ours, replace(OTHER, member_id="XYZ9", service_from=DAY)])

    assert (match.claim_id, match.basis) == ("claim:1", MatchBasis.MEMBER_DATE_AND_AMOUNT)
    assert (match.confidence, match.cause) == (
        MatchConfidence.PROBABLE,
        UnmatchedCause.ONLY_A_WEAK_MATCH,
    )


@given(
    st.text(string.ascii_uppercase + string.digits, min_size=1, max_size=20),
    st.text(string.ascii_uppercase + string.digits + "-", min_size=1, max_size=30),
)
def test_a_line_number_leads_back_to_its_claim_or_claims_nothing(pcn: str, line_id: str) -> None:
    number = line_control_number(pcn, line_id)

    assert len(number) <= 30
    assert claim_and_line(number) in {(pcn, line_id), ("", line_id)}


def test_a_truncated_number_or_equal_charges_only_propose() -> None:
    nameless = replace(
        ANSWER,
        payer_claim_control_number="",
        lines=tuple(replace(one, line_id="", service_date=DAY) for one in ANSWER.lines),
    )
    truncated = match_claim(
        replace(nameless, patient_control_number="PCN000000000"),
        [replace(OURS, patient_control_numbers=("PCN000000000999",))],
    )
    by_charges = match_claim(replace(nameless, patient_control_number=""), [OURS])

    assert truncated.basis is MatchBasis.TRUNCATED_CONTROL_NUMBER
    assert by_charges.basis is MatchBasis.CHARGES_AND_DATES
    for match in (truncated, by_charges):
        assert match.claim_id == "claim:1"
        assert match.cause is UnmatchedCause.ONLY_A_WEAK_MATCH
        assert not match.is_matched


def test_two_claims_that_fit_equally_well_are_left_to_a_person() -> None:
    twin = replace(OURS, claim_id="claim:9")

    assert match_claim(ANSWER, [OURS, twin]).cause is UnmatchedCause.SEVERAL_CLAIMS_FIT


def test_nothing_found_says_so() -> None:
    assert match_claim(ANSWER, []).cause is UnmatchedCause.NO_CLAIM_FOUND


def test_short_line_numbers_prove_nothing() -> None:
    numbered = replace(
        OURS, lines=tuple(replace(one, line_id=str(n)) for n, one in enumerate(OURS.lines))
    )
    remitted = replace(
        ANSWER,
        patient_control_number="",
        payer_claim_control_number="",
        lines=tuple(replace(one, line_id=str(n)) for n, one in enumerate(ANSWER.lines)),
    )

    assert match_claim(remitted, [numbered]).cause is UnmatchedCause.NO_CLAIM_FOUND


def test_lines_match_by_control_number_even_when_reordered_and_split() -> None:
    remitted = (
        line(1, 5_000, line_id="claim-one-line-2"),
        line(2, 4_000, line_id="claim-one-line-1"),
        line(3, 6_000, line_id="claim-one-line-1"),
    )

    assert match_lines(remitted, OURS.lines) == {
        1: "claim-one-line-2",
        2: "claim-one-line-1",
        3: "claim-one-line-1",
    }


def test_lines_without_control_numbers_match_by_billed_procedure_and_charge() -> None:
    remitted = (
        replace(line(1, 5_000), line_id="x", procedure="P9", submitted_procedure="P2"),
        replace(line(2, 10_000), line_id="x", procedure="P1"),
        replace(line(3, 10_000), line_id="x", procedure="P1"),
    )

    assert match_lines(remitted, OURS.lines) == {1: "claim-one-line-2", 2: "claim-one-line-1"}
