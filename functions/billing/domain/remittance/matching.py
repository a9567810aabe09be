"""Which of our claims, and which of its lines, a payer's answer is about.

The payer's claim control number and our patient and line control numbers decide, and must not
contradict each other. Anything weaker is proposed to a person, never posted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import combinations

from functions.billing.domain.claims.weak_key import weak_key
from functions.billing.domain.remittance.records import RemittedClaim, RemittedLine
from functions.billing.domain.remittance.snapshots import ClaimLineSnapshot, ClaimSnapshot

_TRUNCATED_MINIMUM = 12
"""Payers cut CLM01 at 15 or 17 characters; shorter stems would match by chance."""


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
    MEMBER_DATE_AND_AMOUNT = "member_date_and_amount"
    CHARGES_AND_DATES = "charges_and_dates"
    A_PERSON = "a_person"
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

    Control numbers of the three kinds that lead to different claims are a disagreement, never a
    choice.
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
    by_line_number = _ids(claim for claim in claims.values() if _line_numbers_fit(remitted, claim))
    if _disagree(by_payer_number, by_patient_number, by_line_number):
        return _unmatched(UnmatchedCause.CONTROL_NUMBERS_DISAGREE)
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
            _ids(claim for claim in claims.values() if _weak_key_fits(remitted, claim)),
            MatchConfidence.PROBABLE,
            MatchBasis.MEMBER_DATE_AND_AMOUNT,
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


def _disagree(*found: frozenset[str]) -> bool:
    """Whether any two of the ways that found something found nothing in common."""
    some = [claims for claims in found if claims]
    return any(not one & other for one, other in combinations(some, 2))


def _line_numbers_fit(remitted: RemittedClaim, claim: ClaimSnapshot) -> bool:
    """Every line number that names a claim names this one, and each line's charge is the one billed.

    One of our lines may come back as several (split units): together they make up its charge.
    """
    named = [line for line in remitted.lines if line.claim_number]
    charges_cents: Counter[str] = Counter()
    for line in named:
        charges_cents[line.line_id] += abs(line.charge_cents)
    ours = {line.line_id: line.charge_cents for line in claim.lines}
    return (
        bool(named)
        and all(line.claim_number in claim.patient_control_numbers for line in named)
        and all(ours.get(line_id) == cents for line_id, cents in charges_cents.items())
    )


def _truncation_fits(remitted: RemittedClaim, claim: ClaimSnapshot) -> bool:
    stem = remitted.patient_control_number
    return (
        len(stem) >= _TRUNCATED_MINIMUM
        and abs(remitted.charge_cents) == claim.charge_cents
        and any(number.startswith(stem) for number in claim.patient_control_numbers)
    )


def _weak_key_fits(remitted: RemittedClaim, claim: ClaimSnapshot) -> bool:
    theirs = weak_key_of(remitted)
    return bool(
        theirs
        and claim.member_id
        and claim.service_from
        and theirs == weak_key(claim.member_id, claim.service_from, claim.charge_cents)
    )


def weak_key_of(remitted: RemittedClaim) -> str:
    """The weak key an answer would have; empty if it does not say all three."""
    if not remitted.member_id or remitted.service_from is None:
        return ""
    return weak_key(remitted.member_id, remitted.service_from, abs(remitted.charge_cents))


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
