"""A payer's answer finds its claim by control numbers, and never by a guess."""

from dataclasses import replace

import pytest

from functions.billing.domain.remittance.matching import (
    MatchBasis,
    MatchConfidence,
    UnmatchedCause,
    match_claim,
    match_lines,
)
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
            {"patient_control_number": "0", "payer_claim_control_number": "new"},
            MatchBasis.LINE_CONTROL_NUMBER,
        ),
    ],
)
def test_each_control_number_is_enough_by_itself(
    changes: dict[str, str], basis: MatchBasis
) -> None:
    match = match_claim(replace(ANSWER, **changes), [OURS, OTHER])  # type: ignore[arg-type]

    assert (match.claim_id, match.basis, match.is_matched) == ("claim:1", basis, True)


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
