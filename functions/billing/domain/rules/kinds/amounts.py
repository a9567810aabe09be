"""Charges add up and are worth sending; what a prior payer decided is complete."""

from collections.abc import Iterable

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.rules.facts import ScrubFacts
from functions.billing.domain.rules.kinds.check import Check, Finding
from functions.billing.domain.rules.reading import Reader


def total_positive(parameters: Reader) -> Check:
    """The claim charges something (CLM02)."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        if claim.total_charge_cents <= 0:
            yield Finding("total_charge_cents", "more than zero")

    return check


def total_is_sum(parameters: Reader) -> Check:
    """CLM02 is exactly the sum of the lines' charges (SV102)."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        if claim.total_charge_cents != sum(line.charge_cents for line in claim.lines):
            yield Finding("total_charge_cents", "the sum of the lines' charges")

    return check


def line_charge(parameters: Reader) -> Check:
    """Lines charge something (`zero`), or at least not less than nothing (`negative`)."""
    refuses_zero = parameters.flag("zero")

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, line in enumerate(claim.lines):
            if line.charge_cents < 0 and not refuses_zero:
                yield Finding(f"lines[{position}].charge_cents", "zero or more")
            if line.charge_cents == 0 and refuses_zero:
                yield Finding(f"lines[{position}].charge_cents", "more than zero")

    return check


def other_payer_date(parameters: Reader) -> Check:
    """A prior payer's decision has its date (DTP*573)."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, payment in enumerate(claim.other_payments):
            if payment.adjudicated_on is None:
                yield Finding(
                    f"other_payments[{position}].adjudicated_on", "the date of the decision"
                )

    return check


def other_payer_paid(parameters: Reader) -> Check:
    """What a prior payer paid is never negative (AMT*D, SVD02)."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, payment in enumerate(claim.other_payments):
            if payment.paid_cents < 0:
                yield Finding(f"other_payments[{position}].paid_cents", "zero or more")
            for place, (_line, paid_cents) in enumerate(payment.line_paid):
                if paid_cents < 0:
                    yield Finding(f"other_payments[{position}].line_paid[{place}]", "zero or more")

    return check


def other_payer_liability(parameters: Reader) -> Check:
    """The patient's remaining liability stands at claim or at line level, not at both (AMT*EAF)."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, payment in enumerate(claim.other_payments):
            if payment.remaining_cents is not None and payment.line_remaining:
                yield Finding(f"other_payments[{position}].remaining_cents", "one level only")

    return check
