"""Deposit, announced (BPR02), posted, ledger: the four totals of a payment and of a day, which must agree.

Each is read from its own source: deposits, the 835's header, the counts kept while posting, the entries themselves.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from functions.billing.domain.remittance.payments import Deposit, Remittance, RemittanceState


@dataclass(frozen=True, slots=True, kw_only=True)
class FourTotals:
    """Cents. `deposit_cents` is None while the deposit is awaited."""

    deposit_cents: int | None
    announced_cents: int
    posted_cents: int
    ledger_cents: int

    @property
    def is_posted_exactly(self) -> bool:
        """Announced, posted and ledger are one figure."""
        return self.announced_cents == self.posted_cents == self.ledger_cents

    @property
    def agree(self) -> bool:
        """Nothing contradicts anything; a deposit that is awaited contradicts nothing yet."""
        return self.is_posted_exactly and self.deposit_cents in {None, self.announced_cents}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTotals:
    """One payment's four totals."""

    remittance_id: str
    payer_name: str
    trace_number: str
    state: RemittanceState
    day: date
    totals: FourTotals


@dataclass(frozen=True, slots=True, kw_only=True)
class DayReconciliation:
    """One day: the payments that settle on it, the deposits of it that nothing explains.

    A payment belongs to the day it settles (BPR16), or else the day its file came.
    """

    day: date
    payments: tuple[PaymentTotals, ...]
    strays: tuple[Deposit, ...]

    @property
    def sums(self) -> FourTotals:
        """The four totals of the whole day, deposits without a remittance included."""
        deposits = [
            one.totals.deposit_cents
            for one in self.payments
            if one.totals.deposit_cents is not None
        ]
        return FourTotals(
            deposit_cents=sum(deposits) + sum(one.amount_cents for one in self.strays),
            announced_cents=sum(one.totals.announced_cents for one in self.payments),
            posted_cents=sum(one.totals.posted_cents for one in self.payments),
            ledger_cents=sum(one.totals.ledger_cents for one in self.payments),
        )

    @property
    def awaited_cents(self) -> int:
        """Announced, and not seen at the bank yet."""
        return sum(
            one.totals.announced_cents for one in self.payments if one.totals.deposit_cents is None
        )

    @property
    def agrees(self) -> bool:
        """Every payment's totals agree, and no deposit is without a remittance."""
        return not self.strays and all(one.totals.agree for one in self.payments)


def payment_totals(remittance: Remittance, ledger_cents: int) -> PaymentTotals:
    """A payment's four totals. `ledger_cents` is what its entries moved into clearing, deposits left out."""
    header = remittance.header
    is_here = bool(remittance.deposit_id) or not header.total_paid_cents
    return PaymentTotals(
        remittance_id=remittance.remittance_id,
        payer_name=header.payer_name,
        trace_number=header.trace_number,
        state=remittance.state,
        day=header.settles_on or remittance.received_at.date(),
        totals=FourTotals(
            deposit_cents=remittance.deposited_cents if is_here else None,
            announced_cents=header.total_paid_cents,
            posted_cents=remittance.posted_cents,
            ledger_cents=ledger_cents,
        ),
    )


def by_day(
    payments: Iterable[PaymentTotals], deposits: Iterable[Deposit]
) -> tuple[DayReconciliation, ...]:
    """Every day there is something of, in order."""
    theirs: defaultdict[date, list[PaymentTotals]] = defaultdict(list)
    strays: defaultdict[date, list[Deposit]] = defaultdict(list)
    for one in payments:
        theirs[one.day].append(one)
    for deposit in deposits:
        if not deposit.remittance_id:
            strays[date.fromisoformat(deposit.deposited_on)].append(deposit)
    return tuple(
        DayReconciliation(
            day=day,
            payments=tuple(sorted(theirs[day], key=lambda one: one.remittance_id)),
            strays=tuple(sorted(strays[day], key=lambda one: one.deposit_id)),
        )
        for day in sorted({*theirs, *strays})
    )
