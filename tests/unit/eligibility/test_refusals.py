"""A payer's refusal says whose work it is and what to do next."""

from datetime import timedelta

from functions.billing.domain.eligibility.records import PayerError, PayerErrorClass
from functions.billing.domain.eligibility.refusals import advice
from functions.billing.domain.work_items import Queue
from functions.billing.x12.benefits_271 import _GROUPS


def test_each_class_of_refusal_is_one_piece_of_advice_with_its_owner() -> None:
    desk, enrolment = advice(
        (
            PayerError("72", PayerErrorClass.PATIENT_DATA),
            PayerError("43", PayerErrorClass.PROVIDER),
            PayerError("71", PayerErrorClass.PATIENT_DATA),
        )
    )

    assert (desk.queue, desk.codes) == (Queue.FRONT_DESK, ("AAA:72", "AAA:71"))
    assert "member id" in desk.action
    assert "date of birth" in desk.action
    assert (enrolment.queue, enrolment.codes) == (Queue.CREDENTIALING, ("AAA:43",))


def test_every_code_the_wire_format_sorts_has_advice_of_its_own() -> None:
    silent = {"42", "80"}  # the payer is asked again by itself
    general = {one.action for one in advice(PayerError("??", each) for each in PayerErrorClass)}

    for group, codes in _GROUPS.items():
        for code in codes - silent:
            (found,) = advice((PayerError(code, PayerErrorClass(group)),))
            assert found.action not in general, code


def test_a_payer_that_says_wait_is_asked_again_by_itself() -> None:
    def wait(follow_up: str) -> timedelta | None:
        error = PayerError("67", PayerErrorClass.PATIENT_DATA, follow_up=follow_up)
        return advice((error,))[0].ask_again_after

    assert wait("X") == timedelta(days=10)
    assert wait("W") == timedelta(days=30)
    assert wait("C") is None


def test_a_payer_that_takes_no_second_inquiry_is_called() -> None:
    error = PayerError("67", PayerErrorClass.PATIENT_DATA, follow_up="N")

    assert "call it" in advice((error,))[0].action
