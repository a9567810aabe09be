"""What TA1, 999, 277CA and 277 prove about claims, and what they do not.

A TA1 speaks of the envelope, a 999 of syntax only, a 277CA of the front door, a 277 answers a
question. None of the first three is a decision on the claim: what they reject was never denied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from .amounts import cents_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from decimal import Decimal

    from .acknowledgement_999 import (
        ImplementationAcknowledgement,
        InterchangeAcknowledgement,
        SegmentError,
        TransactionAcknowledgement,
    )
    from .status_277 import ClaimAcknowledgement, ClaimStatus, StatusResponse, TracedStatus
    from .values import StatusCode, StatusInformation

Outcome = Literal["accepted", "received", "rejected", "unrecognized"]
Level = Literal["receiver", "provider", "claim", "line"]
Answer = Literal[
    "pending",
    "finalized",
    "information_requested",
    "not_found",
    "retry_later",
    "cannot_answer",
    "acknowledged",
    "unrecognized",
]

_ACCEPTED = frozenset({"A", "E"})

REJECTED_CATEGORIES = frozenset({"A3", "A4", "A6", "A7", "A8"})
"""277CA: unprocessable, not found, missing, invalid, relational error."""
ACCEPTED_CATEGORIES = frozenset({"A2", "A5"})
"""277CA: accepted into adjudication; accepted and split."""
RECEIVED_CATEGORIES = frozenset({"A0", "A1"})
"""277CA: forwarded, received. Neither is acceptance."""
_REJECT_ACTION = "U"
_RETRY_LATER = frozenset({"E1", "E2"})
_NOT_FOUND = frozenset({"D0", "A4"})


class InterchangeOutcome(NamedTuple):
    """What a TA1 says of an interchange.

    Attributes
    ----------
    control_number
        ISA13 of the interchange.
    result
        TA104: A, E or R.
    note
        TA105.
    is_accepted
        Whether the envelope was read; when not, nothing of the file has reached anybody.
    """

    control_number: str
    result: str
    note: str
    is_accepted: bool


class SyntaxFault(NamedTuple):
    """One fault a 999 names, without the bad value, which may be personal.

    Attributes
    ----------
    segment
        IK301.
    position
        IK302, ST being 1.
    loop
        IK303.
    segment_code
        IK304.
    element, component
        IK401.
    element_code
        IK403; empty for a fault of the whole segment.
    claim_control_number
        CLM01 from the fault's context (CTX), when it is given.
    """

    segment: str
    position: int | None
    loop: str
    segment_code: str
    element: int | None = None
    component: int | None = None
    element_code: str = ""
    claim_control_number: str = ""


class TransactionOutcome(NamedTuple):
    """What a 999 says of one transaction: AK202 (our ST02), IK501 and the faults."""

    control_number: str
    transaction_set: str
    result: str
    is_accepted: bool
    errors: tuple[str, ...]
    faults: tuple[SyntaxFault, ...]


class GroupOutcome(NamedTuple):
    """What a 999 says of a functional group: syntax only, nothing of the claims in it.

    Attributes
    ----------
    functional_id, group_control_number
        AK101 and AK102: our GS01 and GS06.
    result
        AK901: A, E, P, R, M, W or X.
    is_accepted
        Whether the whole group was accepted (A, E).
    is_partial
        Whether only some transactions were (P); ask each of ``transactions``.
    included_count, received_count, accepted_count
        AK902 to AK904.
    errors
        AK905 to AK909.
    transactions
        One per AK2. A group accepted whole may list none.
    """

    functional_id: str
    group_control_number: str
    result: str
    is_accepted: bool
    is_partial: bool
    included_count: int | None
    received_count: int | None
    accepted_count: int | None
    errors: tuple[str, ...]
    transactions: tuple[TransactionOutcome, ...]


class LevelOutcome(NamedTuple):
    """What a 277CA says at a level above the claims.

    Attributes
    ----------
    level
        ``receiver`` (2200B) or ``provider`` (2200C).
    trace_number
        TRN02: at the receiver's level the batch (BHT03 of our 837).
    party_id
        NM109: submitter number, or the billing provider's NPI.
    outcome
        As for claims.
    codes
        Every status code of the level.
    """

    level: Level
    trace_number: str
    party_id: str
    outcome: Outcome
    codes: tuple[StatusCode, ...]


class LineOutcome(NamedTuple):
    """What a 277CA says of one service: REF*FJ and its status."""

    line_control_number: str
    outcome: Outcome
    codes: tuple[StatusCode, ...]


class ClaimOutcome(NamedTuple):
    """What a 277CA says of one claim.

    Attributes
    ----------
    control_number
        TRN02: the patient control number submitted (CLM01).
    outcome
        ``accepted`` into adjudication (A2, or A5 when split); ``received`` (A0, A1), which is
        not acceptance; ``rejected`` (A3, A4, A6, A7, A8, or STC03 U).
    level
        Where the decision stands: a rejection above applies to every claim below it.
    payer_claim_control_number
        REF*1K, or empty.
    clearinghouse_trace
        REF*D9, or empty.
    codes
        The status codes that decide: of the claim, or of the level that rejected it.
    lines
        What is said of single services.
    """

    control_number: str
    outcome: Outcome
    level: Level
    payer_claim_control_number: str
    clearinghouse_trace: str
    codes: tuple[StatusCode, ...]
    lines: tuple[LineOutcome, ...]


class BatchOutcome(NamedTuple):
    """What a 277CA says.

    Attributes
    ----------
    batch_ids
        TRN02 at the receiver's level: BHT03 of our 837s.
    rejected_at
        The highest level above the claims that rejects, even when no claim is listed.
    levels
        What is said above the claims.
    claims
        One per claim listed.
    """

    batch_ids: tuple[str, ...]
    rejected_at: Level | None
    levels: tuple[LevelOutcome, ...]
    claims: tuple[ClaimOutcome, ...]


class ClaimAnswer(NamedTuple):
    """What a 277 answers to a 276.

    Attributes
    ----------
    level
        ``claim``; ``provider`` or ``receiver`` when the question itself was answered there.
    trace_number
        TRN02, from the 276.
    control_number
        REF*EJ, or empty.
    payer_claim_control_number
        REF*1K, or empty.
    answer
        By the first status: P pending, F finalized, R information requested, D0 and A4 not
        found, E1 and E2 ask again later, any other E cannot answer, other A acknowledged.
    codes
        Every status code.
    charge_cents, paid_cents
        STC04 and STC05 of the first status.
    finalized_on
        STC06.
    remittance_number
        STC09.
    """

    level: Level
    trace_number: str
    control_number: str
    payer_claim_control_number: str
    answer: Answer
    codes: tuple[StatusCode, ...]
    charge_cents: int | None = None
    paid_cents: int | None = None
    finalized_on: date | None = None
    remittance_number: str = ""


def outcome_of_ta1(acknowledgement: InterchangeAcknowledgement) -> InterchangeOutcome:
    """Say what a TA1 means.

    Raises
    ------
    X12Error
        When a required element is missing.
    """
    return InterchangeOutcome(
        control_number=acknowledgement.control_number,
        result=acknowledgement.result,
        note=acknowledgement.note,
        is_accepted=acknowledgement.result in _ACCEPTED,
    )


def outcome_of_999(acknowledgement: ImplementationAcknowledgement) -> GroupOutcome:
    """Say what a 999 means.

    Raises
    ------
    X12Error
        When a required element is missing or malformed.
    """
    body = acknowledgement
    errors = (body.error_1, body.error_2, body.error_3, body.error_4, body.error_5)
    return GroupOutcome(
        functional_id=body.functional_id,
        group_control_number=body.group_control_number,
        result=body.result,
        is_accepted=body.result in _ACCEPTED,
        is_partial=body.result == "P",
        included_count=body.included_count,
        received_count=body.received_count,
        accepted_count=body.accepted_count,
        errors=tuple(error for error in errors if error),
        transactions=tuple(map(_transaction_outcome, body.transactions)),
    )


def _transaction_outcome(of: TransactionAcknowledgement) -> TransactionOutcome:
    errors = (of.error_1, of.error_2, of.error_3, of.error_4, of.error_5)
    return TransactionOutcome(
        control_number=of.control_number,
        transaction_set=of.transaction_set,
        result=of.result,
        is_accepted=of.result in _ACCEPTED,
        errors=tuple(error for error in errors if error),
        faults=tuple(fault for each in of.segments_in_error for fault in _faults(each)),
    )


def _faults(of: SegmentError) -> Iterator[SyntaxFault]:
    claim = ""
    for context in of.contexts:
        name, _, value = context.element(1).partition(of.separators.component)
        if name == "CLM01":
            claim = value
    elements = of.elements
    for each in elements:
        yield SyntaxFault(
            segment=of.segment,
            position=of.position,
            loop=of.loop or "",
            segment_code=of.code or "",
            element=each.element,
            component=each.component,
            element_code=each.code,
            claim_control_number=claim,
        )
    if not elements:
        yield SyntaxFault(
            of.segment, of.position, of.loop or "", of.code or "", claim_control_number=claim
        )


def _codes(statuses: Iterable[StatusInformation]) -> tuple[StatusCode, ...]:
    return tuple(code for status in statuses for code in status.codes)


def _outcome(statuses: tuple[StatusInformation, ...]) -> Outcome:
    """Give the outcome of a level; a rejection wins over anything said beside it."""
    categories = {code.category for code in _codes(statuses)}
    if categories & REJECTED_CATEGORIES or any(s.action == _REJECT_ACTION for s in statuses):
        return "rejected"
    if categories & ACCEPTED_CATEGORIES:
        return "accepted"
    if categories & RECEIVED_CATEGORIES:
        return "received"
    return "unrecognized"


def outcome_of_277ca(acknowledgement: ClaimAcknowledgement) -> BatchOutcome:
    """Say what a 277CA means for each claim.

    Several 277CAs per claim are normal and come in any order: a payer's rejection wins over a
    clearinghouse's acceptance, which is for the caller to keep.

    Raises
    ------
    X12Error
        When a required element is missing or malformed.
    """
    levels: list[LevelOutcome] = []
    claims: list[ClaimOutcome] = []
    for source in acknowledgement.sources:
        for receiver in source.receivers:
            party_id = (receiver.receiver.id if receiver.receiver else None) or ""
            above = _level("receiver", receiver.status, party_id)
            levels += above
            for provider in receiver.providers:
                party_id = (provider.provider.id if provider.provider else None) or ""
                here = _level("provider", provider.status, party_id)
                levels += here
                rejection = next((o for o in (*above, *here) if o.outcome == "rejected"), None)
                for subscriber in provider.subscribers:
                    claims += [_claim_outcome(each, rejection) for each in subscriber.claims]
    rejected = {outcome.level for outcome in levels if outcome.outcome == "rejected"}
    rejected_at: Level | None = None
    if rejected:
        rejected_at = "receiver" if "receiver" in rejected else "provider"
    batch_ids = (outcome.trace_number for outcome in levels if outcome.level == "receiver")
    return BatchOutcome(
        batch_ids=tuple(each for each in batch_ids if each),
        rejected_at=rejected_at,
        levels=tuple(levels),
        claims=tuple(claims),
    )


def _level(level: Level, status: TracedStatus | None, party_id: str) -> list[LevelOutcome]:
    if status is None:
        return []
    statuses = status.statuses
    # A provider's level often carries a trace only: it then says nothing of acceptance.
    if not statuses and level == "provider":
        return []
    return [
        LevelOutcome(
            level, status.trace_number or "", party_id, _outcome(statuses), _codes(statuses)
        )
    ]


def _claim_outcome(claim: ClaimStatus, rejection: LevelOutcome | None) -> ClaimOutcome:
    statuses = claim.statuses
    lines = tuple(
        LineOutcome(line.line_control_number or "", _outcome(line.statuses), _codes(line.statuses))
        for line in claim.lines
    )
    outcome, codes = _outcome(statuses), _codes(statuses)
    decided: Level = "claim"
    if rejection is not None:
        outcome, decided, codes = "rejected", rejection.level, rejection.codes
    elif outcome != "rejected" and any(line.outcome == "rejected" for line in lines):
        outcome, decided = "rejected", "line"
        codes = tuple(c for line in lines if line.outcome == "rejected" for c in line.codes)
    return ClaimOutcome(
        control_number=claim.trace_number,
        outcome=outcome,
        level=decided,
        payer_claim_control_number=claim.payer_claim_control_number or "",
        clearinghouse_trace=claim.clearinghouse_trace or "",
        codes=codes,
        lines=lines,
    )


def status_of_277(response: StatusResponse) -> tuple[ClaimAnswer, ...]:
    """Say what a 277 answers, claim by claim; answers given above the claims come first.

    Raises
    ------
    X12Error
        When a required element is missing or malformed.
    """
    answers: list[ClaimAnswer] = []
    for source in response.sources:
        for receiver in source.receivers:
            answers += _answer_above("receiver", receiver.status)
            for provider in receiver.providers:
                answers += _answer_above("provider", provider.status)
    answers += [_answer_of(claim) for claim in response.claims()]
    return tuple(answers)


def _answer_above(level: Level, status: TracedStatus | None) -> list[ClaimAnswer]:
    if status is None or not status.statuses:
        return []
    codes = _codes(status.statuses)
    return [ClaimAnswer(level, status.trace_number or "", "", "", _answer(codes), codes)]


def _answer_of(claim: ClaimStatus) -> ClaimAnswer:
    statuses = claim.statuses
    codes = _codes(statuses)
    first = statuses[0] if statuses else None
    return ClaimAnswer(
        level="claim",
        trace_number=claim.trace_number,
        control_number=claim.control_number or "",
        payer_claim_control_number=claim.payer_claim_control_number or "",
        answer=_answer(codes),
        codes=codes,
        charge_cents=_cents(first.charge) if first else None,
        paid_cents=_cents(first.paid) if first else None,
        finalized_on=first.finalized_on if first else None,
        remittance_number=first.remittance_number if first else "",
    )


def _cents(amount: Decimal | None) -> int | None:
    return None if amount is None else cents_of(amount)


def _answer(codes: tuple[StatusCode, ...]) -> Answer:
    category = codes[0].category if codes else ""
    if category in _NOT_FOUND:
        return "not_found"
    if category in _RETRY_LATER:
        return "retry_later"
    by_letter: dict[str, Answer] = {
        "P": "pending",
        "F": "finalized",
        "R": "information_requested",
        "E": "cannot_answer",
        "A": "acknowledged",
    }
    return by_letter.get(category[:1], "unrecognized")
