"""What the bank received against what payers announced (X12 835 TRN02, re-association).

The trace number links the two. The amounts must agree as well, and where they do not the difference
is stated, never absorbed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from functions.billing.domain.ledger.bookings import DepositReceived

_WEAK_MATCH_WINDOW = timedelta(days=3)
"""How far from its settlement date a deposit without a trace may be, to be proposed as a match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedPayment:
    """One payment as a remittance announced it (BPR, TRN). Zero payments need no deposit."""

    identity: str
    trace_number: str
    total_paid_cents: int
    settles_on: date | None
    received_on: date


class DepositOutcome(StrEnum):
    """What a deposit turned out to be."""

    MATCHED = "matched"
    AMOUNT_DIFFERS = "amount_differs"
    """The trace fits and the amount does not."""
    PROPOSED = "proposed"
    """No trace, but exactly one payment fits by amount and date: a person confirms."""
    SEVERAL_FIT = "several_fit"
    NO_REMITTANCE = "no_remittance"


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositMatch:
    """The result. `difference_cents` is deposit less announced, 0 unless the amounts differ."""

    deposit_id: str
    outcome: DepositOutcome
    identities: tuple[str, ...] = ()
    announced_cents: int = 0
    difference_cents: int = 0

    @property
    def is_matched(self) -> bool:
        """Trace and amount agree: no person is needed."""
        return self.outcome is DepositOutcome.MATCHED


def match_deposit(deposit: DepositReceived, announced: Iterable[AnnouncedPayment]) -> DepositMatch:
    """Match a deposit with the payments that are still waiting for one.

    Several payments may carry one trace number (a payment split over transactions): they match
    together if their sum is the deposit, or one of them alone if only that one is.
    """
    waiting = [one for one in announced if one.total_paid_cents]
    traced = [
        one for one in waiting if deposit.trace_number and one.trace_number == deposit.trace_number
    ]
    if traced:
        return _match_traced(deposit, traced)
    if deposit.trace_number:
        return _unmatched(deposit, DepositOutcome.NO_REMITTANCE)
    fitting = [one for one in waiting if _fits_without_trace(deposit, one)]
    if len(fitting) == 1:
        return DepositMatch(
            deposit_id=deposit.deposit_id,
            outcome=DepositOutcome.PROPOSED,
            identities=(fitting[0].identity,),
            announced_cents=fitting[0].total_paid_cents,
        )
    return _unmatched(
        deposit, DepositOutcome.SEVERAL_FIT if fitting else DepositOutcome.NO_REMITTANCE
    )


def _match_traced(deposit: DepositReceived, traced: list[AnnouncedPayment]) -> DepositMatch:
    exact = [one for one in traced if one.total_paid_cents == deposit.amount_cents]
    chosen = exact if len(exact) == 1 else traced
    announced_cents = sum(one.total_paid_cents for one in chosen)
    difference_cents = deposit.amount_cents - announced_cents
    return DepositMatch(
        deposit_id=deposit.deposit_id,
        outcome=DepositOutcome.AMOUNT_DIFFERS if difference_cents else DepositOutcome.MATCHED,
        identities=tuple(one.identity for one in chosen),
        announced_cents=announced_cents,
        difference_cents=difference_cents,
    )


def _fits_without_trace(deposit: DepositReceived, announced: AnnouncedPayment) -> bool:
    return (
        announced.total_paid_cents == deposit.amount_cents
        and announced.settles_on is not None
        and abs(announced.settles_on - deposit.deposited_on) <= _WEAK_MATCH_WINDOW
    )


def _unmatched(deposit: DepositReceived, outcome: DepositOutcome) -> DepositMatch:
    return DepositMatch(deposit_id=deposit.deposit_id, outcome=outcome)


class WaitingFor(StrEnum):
    """Which half of a payment is missing."""

    REMITTANCE = "remittance"
    """The bank has the money and no 835 explains it."""
    DEPOSIT = "deposit"
    """An 835 announced money that the bank has not seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unassociated:
    """One half of a payment that is waiting for the other. `reference` is its id or identity."""

    waiting_for: WaitingFor
    reference: str
    amount_cents: int
    since: date
    age_days: int
    is_overdue: bool


def age_unassociated(
    deposits: Iterable[DepositReceived],
    announced: Iterable[AnnouncedPayment],
    *,
    today: date,
    overdue_days: int = 5,
) -> tuple[Unassociated, ...]:
    """Age what is still waiting, oldest first.

    Parameters
    ----------
    deposits, announced
        Those not yet matched. A payment of zero waits for nothing; one that settles in the future
        has age 0.
    overdue_days
        Calendar days after which it is overdue. EFT and ERA should be within three business days
        of each other (CAQH CORE re-association rule), which a weekend makes five.
    """
    halves = [
        (WaitingFor.REMITTANCE, one.deposit_id, one.amount_cents, one.deposited_on)
        for one in deposits
    ] + [
        (
            WaitingFor.DEPOSIT,
            one.identity,
            one.total_paid_cents,
            one.settles_on or one.received_on,
        )
        for one in announced
        if one.total_paid_cents
    ]
    aged = [
        Unassociated(
            waiting_for=waiting_for,
            reference=reference,
            amount_cents=amount_cents,
            since=since,
            age_days=max(0, (today - since).days),
            is_overdue=(today - since).days > overdue_days,
        )
        for waiting_for, reference, amount_cents, since in halves
    ]
    return tuple(sorted(aged, key=lambda one: (one.since, one.reference)))
