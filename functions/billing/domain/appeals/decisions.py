"""What follows a payer's decision on an appeal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from functions.billing.domain.appeals.deadlines import appeal_deadline
from functions.billing.domain.rules.policy import AppealLevel


class Decision(StrEnum):
    """The payer's answer to one level."""

    OVERTURNED = "overturned"
    UPHELD = "upheld"


class Consequence(StrEnum):
    """What the answer leads to."""

    OVERTURNED = "overturned"
    UPHELD_NEXT_LEVEL = "upheld_next_level"
    UPHELD_FINAL = "upheld_final"


@dataclass(frozen=True, slots=True)
class NextStep:
    """The consequence; `level` and `deadline` are set when there is a next level."""

    consequence: Consequence
    level: AppealLevel | None = None
    deadline: date | None = None


def next_step(
    decision: Decision, *, level: int, decided_on: date, levels: Sequence[AppealLevel]
) -> NextStep:
    """What to do after a decision at `level`.

    Parameters
    ----------
    decision
        The payer's answer.
    level
        The level it was given at, from 1.
    decided_on
        The date on the decision, which starts the next window.
    levels
        The levels the payer offers, in order.
    """
    if decision is Decision.OVERTURNED:
        return NextStep(Consequence.OVERTURNED)
    following = next((one for one in levels if one.number == level + 1), None)
    if following is None:
        return NextStep(Consequence.UPHELD_FINAL)
    return NextStep(
        Consequence.UPHELD_NEXT_LEVEL, following, appeal_deadline(decided_on, following)
    )
