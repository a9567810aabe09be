"""Asking a payer about a claim nobody has heard of (276/277): when, how often, and what an answer proves.

A payer's "not found" is never proof that a claim did not arrive: payers load claims hours to days later, and narrow
questions miss them. So no answer ever sends a claim again. It may end the silence, or give a person something to do.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from functions.billing.domain.keys import Key


class Silence(StrEnum):
    """What a sent claim waits for, as its due kind; each has its own patience in the payer's policy."""

    SYNTAX = "AWAITING_SYNTAX"
    """A 999: whether the file was read at all."""
    FRONT_DOOR = "AWAITING_ACKNOWLEDGEMENT"
    """A 277CA: whether the payer took the claim in."""
    REMITTANCE = "AWAITING_REMITTANCE"
    """An 835: what the payer decided."""
    STATUS = "AWAITING_STATUS"
    """Its silence was reported: the payer is asked, again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """A payer's patience: when silence is reported, and how it is asked after that.

    `inquire_every_days` lie between two questions; after `inquiries_max` a person takes over.
    """

    syntax_hours: int = 24
    front_door_days: int = 3
    remittance_days: int = 30
    inquire_every_days: int = 7
    inquiries_max: int = 3

    def due(self, silence: Silence, since: datetime) -> datetime:
        """When silence of this kind becomes too long."""
        match silence:
            case Silence.SYNTAX:
                return since + timedelta(hours=self.syntax_hours)
            case Silence.FRONT_DOOR:
                return since + timedelta(days=self.front_door_days)
            case Silence.REMITTANCE:
                return since + timedelta(days=self.remittance_days)
            case Silence.STATUS:
                return since + timedelta(days=self.inquire_every_days)


class StatusVerdict(StrEnum):
    """What a 277 says, by the category of its first status code."""

    PENDING = "pending"
    FINALIZED = "finalized"
    INFORMATION_REQUESTED = "information_requested"
    NOT_FOUND = "not_found"
    RETRY_LATER = "retry_later"
    CANNOT_ANSWER = "cannot_answer"
    ACKNOWLEDGED = "acknowledged"
    UNRECOGNIZED = "unrecognized"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A payer's answer about one claim, in codes and cents."""

    verdict: StatusVerdict
    codes: tuple[str, ...] = ()
    payer_claim_control_number: str = ""
    paid_cents: int = 0
    finalized_on: date | None = None
    remittance_trace: str = ""


class NextStep(StrEnum):
    """What follows an answer."""

    ASK_AGAIN = "ask_again"
    PERSON = "person"


def next_step(told: Told, earlier: tuple[Told, ...], follow_up: FollowUp) -> NextStep:
    """Whether the payer is asked again or a person takes over.

    One "not found" may come too early; the second goes to a person, who looks where the claim was lost. What is
    decided or asked of us needs no further question.
    """
    match told.verdict:
        case StatusVerdict.FINALIZED | StatusVerdict.INFORMATION_REQUESTED:
            return NextStep.PERSON
        case StatusVerdict.CANNOT_ANSWER | StatusVerdict.UNRECOGNIZED:
            return NextStep.PERSON
        case StatusVerdict.NOT_FOUND if any(
            one.verdict is StatusVerdict.NOT_FOUND for one in earlier
        ):
            return NextStep.PERSON
    asked = len(earlier) + 1
    return NextStep.PERSON if asked >= follow_up.inquiries_max else NextStep.ASK_AGAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """The n-th question about a claim and its answer, beside the claim."""

    kind: ClassVar[str] = "INQUIRY"

    claim_id: str
    number: int
    cause_id: str
    asked_at: datetime
    trace_number: str
    told: Told

    @property
    def key(self) -> Key:
        """Beside its claim."""
        return Key(f"CLAIM#{self.claim_id}", f"INQUIRY#{self.number:03d}")
