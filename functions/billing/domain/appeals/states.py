"""The appeal's lifecycle: every allowed move stands in one table, all else is refused."""

from collections.abc import Mapping
from enum import StrEnum

from functions.billing.domain.errors import ForbiddenTransitionError


class AppealState(StrEnum):
    """Where one level of an appeal stands."""

    OPENED = "opened"
    """Documents are gathered; some may be missing."""

    READY = "ready"
    """The packet is complete and frozen."""

    SUBMITTED = "submitted"
    OVERTURNED = "overturned"
    UPHELD = "upheld"
    CLOSED = "closed"


_S = AppealState

ALLOWED: Mapping[AppealState, frozenset[AppealState]] = {
    # Assembling again while documents are missing changes the appeal, not its state.
    _S.OPENED: frozenset({_S.OPENED, _S.READY, _S.CLOSED}),
    # A better document may arrive before the packet leaves.
    _S.READY: frozenset({_S.OPENED, _S.SUBMITTED, _S.CLOSED}),
    # Nothing leaves the payer's hands without its decision.
    _S.SUBMITTED: frozenset({_S.OVERTURNED, _S.UPHELD}),
    _S.OVERTURNED: frozenset({_S.CLOSED}),
    # The next level opens, or there is none.
    _S.UPHELD: frozenset({_S.OPENED, _S.CLOSED}),
    _S.CLOSED: frozenset(),
}


def require_move(appeal_id: str, before: AppealState, after: AppealState) -> None:
    """Refuse a move that is not in the table.

    Raises
    ------
    ForbiddenTransitionError
        Naming both states.
    """
    if after not in ALLOWED[before]:
        raise ForbiddenTransitionError(
            "forbidden_transition",
            subject=f"appeal:{appeal_id}",
            detail=f"{before} to {after} is not allowed",
        )
