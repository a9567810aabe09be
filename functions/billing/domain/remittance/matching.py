"""Which of our claims, and which of its lines, a payer's answer is about.

The payer's claim control number and our patient and line control numbers decide. Anything weaker is
proposed to a person, never posted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from functions.billing.domain.remittance.records import RemittedClaim, RemittedLine
from functions.billing.domain.remittance.snapshots import ClaimLineSnapshot, ClaimSnapshot

_TRUNCATED_MINIMUM = 12
"""Payers cut CLM01 at 15 or 17 characters; shorter stems would match by chance."""

_LINE_NUMBER_MINIMUM = 8
"""A line control number proves a claim only if it is unique beyond it; `1` or `0002` is not."""


class MatchConfidence(IntEnum):
    """How sure a match is. From STRONG upward it is posted without a person."""

    NONE = 0
    POSSIBLE = 1
    PROBABLE = 2
    STRONG = 3
    CERTAIN = 4


class MatchBasis(StrEnum):
    """What a match rests on."""

    PAYER_CLAIM_CONTROL_NUMBER = "payer_claim_control_number"
    PATIENT_CONTROL_NUMBER = "patient_control_number"
    LINE_CONTROL_NUMBER = "line_control_number"
    TRUNCATED_CONTROL_NUMBER = "truncated_control_number"
    CHARGES_AND_DATES = "charges_and_dates"
    NOTHING = "nothing"


class UnmatchedCause(StrEnum):
    """Why an answer could not be matched by itself: counted, and shown to a person."""

    NO_CLAIM_FOUND = "no_claim_found"
    SEVERAL_CLAIMS_FIT = "several_claims_fit"
    CONTROL_NUMBERS_DISAGREE = "control_numbers_disagree"
    ONLY_A_WEAK_MATCH = "only_a_weak_match"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimMatch:
    """The result. `claim_id` is the proposal even when it is too weak to act on."""

    claim_id: str
    confidence: MatchConfidence
    basis: MatchBasis
    cause: UnmatchedCause | None = None

    @property
    def is_matched(self) -> bool:
        """Sure enough to post without a person."""
        return self.cause is None


def match_claim(remitted: RemittedClaim, candidates: Iterable[ClaimSnapshot]) -> ClaimMatch:
    """Find the claim among candidates that were looked up by any of its references.

    A payer claim control number that points to one claim while the patient control number points
    to another is a disagreement, never a choice.
    """
    claims = {claim.claim_id: claim for claim in candidates}
    by_payer_number = _ids(
        claim
        for claim in claims.values()
        if remitted.payer_claim_control_number
        and remitted.payer_claim_control_number in claim.payer_claim_control_numbers
    )
    by_patient_number = _ids(
        claim
        for claim in claims.values()
        if remitted.patient_control_number
        and remitted.patient_control_number in claim.patient_control_numbers
    )
    if by_payer_number and by_patient_number and not by_payer_number & by_patient_number:
        return _unmatched(UnmatchedCause.CONTROL_NUMBERS_DISAGREE)
    by_line_number = _ids(claim for claim in claims.values() if _line_numbers_fit(remitted, claim))
    ladder = (
        (
            by_payer_number & by_patient_number,
            MatchConfidence.CERTAIN,
            MatchBasis.PAYER_CLAIM_CONTROL_NUMBER,
        ),
        (by_patient_number, MatchConfidence.CERTAIN, MatchBasis.PATIENT_CONTROL_NUMBER),
        (by_payer_number, MatchConfidence.STRONG, MatchBasis.PAYER_CLAIM_CONTROL_NUMBER),
        (by_line_number, MatchConfidence.STRONG, MatchBasis.LINE_CONTROL_NUMBER),
        (
            _ids(claim for claim in claims.values() if _truncation_fits(remitted, claim)),
            MatchConfidence.PROBABLE,
            MatchBasis.TRUNCATED_CONTROL_NUMBER,
        ),
        (
            _ids(claim for claim in claims.values() if _charges_fit(remitted, claim)),
            MatchConfidence.POSSIBLE,
            MatchBasis.CHARGES_AND_DATES,
        ),
    )
    for found, confidence, basis in ladder:
        if len(found) > 1:
            return _unmatched(UnmatchedCause.SEVERAL_CLAIMS_FIT)
        if found:
            strong = confidence >= MatchConfidence.STRONG
            return ClaimMatch(
                claim_id=next(iter(found)),
                confidence=confidence,
                basis=basis,
                cause=None if strong else UnmatchedCause.ONLY_A_WEAK_MATCH,
            )
    return _unmatched(UnmatchedCause.NO_CLAIM_FOUND)


def _ids(claims: Iterable[ClaimSnapshot]) -> frozenset[str]:
    return frozenset(claim.claim_id for claim in claims)


def _unmatched(cause: UnmatchedCause) -> ClaimMatch:
    return ClaimMatch(
        claim_id="", confidence=MatchConfidence.NONE, basis=MatchBasis.NOTHING, cause=cause
    )


def _line_numbers_fit(remitted: RemittedClaim, claim: ClaimSnapshot) -> bool:
    theirs = {
        (line.line_id, abs(line.charge_cents))
        for line in remitted.lines
        if len(line.line_id) >= _LINE_NUMBER_MINIMUM
    }
    return bool(theirs) and theirs <= {(line.line_id, line.charge_cents) for line in claim.lines}


def _truncation_fits(remitted: RemittedClaim, claim: ClaimSnapshot) -> bool:
    stem = remitted.patient_control_number
    return (
        len(stem) >= _TRUNCATED_MINIMUM
        and abs(remitted.charge_cents) == claim.charge_cents
        and any(number.startswith(stem) for number in claim.patient_control_numbers)
    )


def _charges_fit(remitted: RemittedClaim, claim: ClaimSnapshot) -> bool:
    theirs = sorted(
        (line.submitted_procedure or line.procedure, abs(line.charge_cents), line.service_date)
        for line in remitted.lines
        if line.service_date
    )
    ours = sorted(
        (line.procedure, line.charge_cents, line.service_date)
        for line in claim.lines
        if line.service_date
    )
    return bool(theirs) and len(theirs) == len(remitted.lines) and theirs == ours


def match_lines(
    remitted: Iterable[RemittedLine], billed: Iterable[ClaimLineSnapshot]
) -> Mapping[int, str]:
    """SVC ordinal → our line id, for the lines that can be told apart.

    The line control number (REF*6R) first. Payers need not echo it, so then the billed procedure
    and charge, in order: lines that agree in both are interchangeable.
    """
    ours = list(billed)
    known = {line.line_id for line in ours}
    theirs = list(remitted)
    matched = {line.ordinal: line.line_id for line in theirs if line.line_id in known}
    # One of our lines may come back as several SVCs (split units), all with its control number.
    open_lines = [line for line in ours if line.line_id not in set(matched.values())]
    for line in theirs:
        if line.ordinal in matched:
            continue
        procedure = line.submitted_procedure or line.procedure
        fitting = (
            one
            for one in open_lines
            if one.procedure == procedure and one.charge_cents == abs(line.charge_cents)
        )
        found = next(fitting, None)
        if found is not None:
            matched[line.ordinal] = found.line_id
            open_lines.remove(found)
    return matched
