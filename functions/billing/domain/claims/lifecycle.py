"""The claim's lifecycle: every allowed move stands in one table, and everything else is refused."""

from collections.abc import Mapping
from enum import StrEnum

from functions.billing.domain.errors import ForbiddenTransitionError


class ClaimState(StrEnum):
    """Where a claim is in its life. The payer's verdict is another axis: `Claim.adjudication`."""

    STAGED = "staged"
    HELD = "held"
    AWAITING_APPROVAL = "awaiting_approval"
    VALIDATED = "validated"
    SUBMITTING = "submitting"
    OUTCOME_UNKNOWN = "outcome_unknown"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    ADJUDICATED = "adjudicated"
    CLOSED = "closed"
    VOID = "void"


_S = ClaimState

ALLOWED: Mapping[ClaimState, frozenset[ClaimState]] = {
    # A held claim is re-staged when its encounter is amended, and never jumps the validation.
    _S.STAGED: frozenset({_S.STAGED, _S.HELD, _S.AWAITING_APPROVAL, _S.VALIDATED, _S.VOID}),
    _S.HELD: frozenset({_S.STAGED, _S.HELD, _S.VOID}),
    _S.AWAITING_APPROVAL: frozenset({_S.STAGED, _S.HELD, _S.VALIDATED, _S.VOID}),
    _S.VALIDATED: frozenset({_S.STAGED, _S.HELD, _S.SUBMITTING, _S.VOID}),
    # Submitting again from submitting is the recovery of an interrupted attempt.
    _S.SUBMITTING: frozenset(
        {
            _S.SUBMITTING,
            _S.SUBMITTED,
            _S.REJECTED,
            _S.OUTCOME_UNKNOWN,
            _S.ACCEPTED,
            _S.ADJUDICATED,
            _S.CLOSED,
        }
    ),
    # Leaving the unknown takes proof: an acknowledgement, a remittance, or an audited person.
    _S.OUTCOME_UNKNOWN: frozenset(
        {_S.SUBMITTED, _S.REJECTED, _S.ACCEPTED, _S.ADJUDICATED, _S.CLOSED, _S.VALIDATED}
    ),
    _S.SUBMITTED: frozenset({_S.SUBMITTED, _S.ACCEPTED, _S.REJECTED, _S.ADJUDICATED, _S.CLOSED}),
    # A payer may reject what the clearinghouse accepted.
    _S.ACCEPTED: frozenset({_S.ACCEPTED, _S.REJECTED, _S.ADJUDICATED, _S.CLOSED}),
    _S.REJECTED: frozenset({_S.STAGED, _S.HELD, _S.REJECTED, _S.ADJUDICATED, _S.CLOSED, _S.VOID}),
    # A replacement (frequency 7) stages the claim again after the payer judged it.
    _S.ADJUDICATED: frozenset({_S.ADJUDICATED, _S.STAGED, _S.CLOSED}),
    # Money settled is not the end: a void (frequency 8) takes back what should not have been billed.
    _S.CLOSED: frozenset({_S.ADJUDICATED, _S.STAGED, _S.CLOSED}),
    # A void claim never reached the payer; its encounter may be amended to give it again.
    _S.VOID: frozenset({_S.STAGED}),
}

BEFORE_SUBMISSION = frozenset({_S.STAGED, _S.HELD, _S.AWAITING_APPROVAL, _S.VALIDATED})
AT_THE_PAYER = frozenset(
    {_S.SUBMITTING, _S.OUTCOME_UNKNOWN, _S.SUBMITTED, _S.ACCEPTED, _S.ADJUDICATED, _S.CLOSED}
)


def require_move(claim_id: str, before: ClaimState, after: ClaimState) -> None:
    """Refuse a move that is not in the table.

    Raises
    ------
    ForbiddenTransitionError
        Naming both states.
    """
    if after not in ALLOWED[before]:
        raise ForbiddenTransitionError(
            "forbidden_transition",
            subject=f"claim:{claim_id}",
            detail=f"{before} to {after} is not allowed",
        )
