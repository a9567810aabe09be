"""What to do when a payer refuses to say (X12 271 AAA): whose work it is, and the next step.

The words are ours. Reason (AAA03) says what is wrong, follow-up (AAA04) whether and when asking again makes sense.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from functions.billing.domain.eligibility.records import PayerError, PayerErrorClass
from functions.billing.domain.work_items import Queue


class FollowUp(StrEnum):
    """AAA04."""

    CORRECT_AND_RESUBMIT = "C"
    RESUBMISSION_NOT_ALLOWED = "N"
    RESUBMIT_ORIGINAL = "P"
    RESUBMISSION_ALLOWED = "R"
    ASK_THIRD_PARTY = "S"
    WAIT_THIRTY_DAYS = "W"
    WAIT_TEN_DAYS = "X"
    WILL_RESPOND = "Y"


_ASK_AGAIN_AFTER: Mapping[str, timedelta] = {
    FollowUp.WAIT_TEN_DAYS: timedelta(days=10),
    FollowUp.WAIT_THIRTY_DAYS: timedelta(days=30),
}
_ADDITIONS: Mapping[str, str] = {
    FollowUp.RESUBMISSION_NOT_ALLOWED: "the payer takes no second inquiry about this: call it",
    FollowUp.ASK_THIRD_PARTY: "the payer names another party: ask there",
    FollowUp.WAIT_TEN_DAYS: "asked again by itself in ten days",
    FollowUp.WAIT_THIRTY_DAYS: "asked again by itself in thirty days",
    FollowUp.WILL_RESPOND: "the payer answers by itself: wait for it",
}
_QUEUES: Mapping[PayerErrorClass, Queue] = {PayerErrorClass.PROVIDER: Queue.CREDENTIALING}
_STEPS: Mapping[PayerErrorClass, str] = {
    PayerErrorClass.TRANSIENT: "nothing: the payer is asked again by itself",
    PayerErrorClass.PROVIDER: "mend the provider's enrolment with this payer",
    PayerErrorClass.PATIENT_DATA: "correct the member's data with the card at hand, then check again",
    PayerErrorClass.DATES: "check the service date against the plan's dates",
    PayerErrorClass.OTHER: "read the payer's codes and check again",
}
_STEPS_BY_CODE: Mapping[str, str] = {
    "41": "have the payer authorize this provider for inquiries",
    "43": "correct the provider's identifier with this payer",
    "44": "correct the provider's name as this payer has it",
    "45": "correct the provider's specialty with this payer",
    "46": "correct the provider's telephone number with this payer",
    "47": "correct the provider's state with this payer",
    "48": "correct the referring provider's identifier",
    "50": "enrol the provider for inquiries with this payer",
    "51": "enrol the provider with this payer: it does not know the identifier",
    "52": "ask on a date within the provider's enrolment, or have the enrolment extended",
    "56": "correct the service date: the payer cannot read it",
    "57": "correct the service date: the payer says it is not valid",
    "58": "ask the patient for the date of birth; it is missing or not valid",
    "60": "correct the date of birth: it lies after the service",
    "61": "correct the service date: it lies after a date of death",
    "62": "ask about a later date: the payer does not look back so far",
    "63": "ask nearer to the visit: the payer does not look ahead so far",
    "64": "read the patient's id from the card again",
    "65": "read the patient's name from the card again",
    "66": "correct the patient's sex as the payer has it",
    "67": "ask the patient which plan covers them: the payer does not know the patient",
    "68": "ask the payer which of two ids is right",
    "71": "correct the date of birth: the payer has another",
    "72": "read the member id from the card again",
    "73": "read the subscriber's name from the card again",
    "74": "correct the subscriber's sex as the payer has it",
    "75": "ask the patient for the current card: the payer does not know the subscriber",
    "76": "ask the payer which of two subscribers is right",
    "77": "ask the patient for the plan: the subscriber is not in this group",
    "78": "ask the patient for the plan: the subscriber is not in the plan named",
    "79": "correct the payer's identifier in the payer policy",
    "97": "have the payer correct the provider's address",
    "T4": "name the payer as it wants to be named in the payer policy",
}


@dataclass(frozen=True, slots=True)
class Advice:
    """Who does what about a refusal; `ask_again_after` when the machine asks again by itself."""

    error_class: PayerErrorClass
    queue: Queue
    action: str
    codes: tuple[str, ...]
    ask_again_after: timedelta | None = None


def advice(errors: Iterable[PayerError]) -> tuple[Advice, ...]:
    """One piece of advice for each class of problem, in the order the payer named them."""
    by_class: dict[PayerErrorClass, list[PayerError]] = {}
    for error in errors:
        by_class.setdefault(error.error_class, []).append(error)
    return tuple(_of_class(name, found) for name, found in by_class.items())


def _of_class(error_class: PayerErrorClass, errors: list[PayerError]) -> Advice:
    steps = [_STEPS_BY_CODE.get(error.code, _STEPS[error_class]) for error in errors]
    additions = [_ADDITIONS[error.follow_up] for error in errors if error.follow_up in _ADDITIONS]
    waits = [
        _ASK_AGAIN_AFTER[error.follow_up] for error in errors if error.follow_up in _ASK_AGAIN_AFTER
    ]
    return Advice(
        error_class=error_class,
        queue=_QUEUES.get(error_class, Queue.FRONT_DESK),
        action="; ".join(dict.fromkeys((*steps, *additions))),
        codes=tuple(dict.fromkeys(f"AAA:{error.code}" for error in errors)),
        ask_again_after=min(waits, default=None),
    )
