"""Which answers a person sees before they are posted: the automation setting of posting, per payer and place.

`observe` is what billing offices call *review all*, `assist` *semi-automatic*, `automate` *full*.
"""

from enum import StrEnum

from functions.billing.domain.remittance.post import PostingPlan, PostingState
from functions.billing.domain.rules.automation import Mode


class ReviewCause(StrEnum):
    """Why an answer that has its claim still waits for a person."""

    EVERY_ANSWER = "every_answer_is_reviewed"
    DIFFERENCES = "differences_are_reviewed"


_MOVES_MONEY = frozenset({PostingState.POSTED, PostingState.HELD})


def cause_to_review(plan: PostingPlan, mode: Mode) -> ReviewCause | None:
    """Why a plan waits, or None when it may be posted. A copy, or an answer without money, never waits."""
    if plan.state not in _MOVES_MONEY or mode is Mode.AUTOMATE:
        return None
    if mode is Mode.OBSERVE:
        return ReviewCause.EVERY_ANSWER
    return None if plan.is_clean else ReviewCause.DIFFERENCES
