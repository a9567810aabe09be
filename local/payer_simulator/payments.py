"""What one payer does in one remittance wave: decide claims, group them, move the money."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.payer_simulator import world as w
from local.payer_simulator.adjudication import (
    EXACT_DUPLICATE,
    Case,
    RunningShare,
    decide,
    decide_by_rules,
    deny,
)
from local.payer_simulator.frontdoor import REPLACEMENT, VOID
from local.payer_simulator.records import DueEvent
from local.payer_simulator.remittance import PaidClaim, Payee, Payment, ProviderAdjustment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from local.payer_simulator.adjudication import Settlement
    from local.payer_simulator.records import Landed, PayerState

_EXPLAINED = {"45", "1", "2", "3", "23", "253"}
_SHARE_CODES = {"1", "2", "3"}


@dataclass(slots=True)
class Unit:
    """CLPs that belong in one payment: a claim, or a reversal with its correction."""

    landed: Landed
    claims: list[PaidClaim] = field(default_factory=list)
    original: Landed | None = None


@dataclass(slots=True)
class WaveWork:
    """What came out of the events of one wave, before it is grouped into payments."""

    units: list[Unit] = field(default_factory=list)
    provider_adjustments: list[tuple[Landed, ProviderAdjustment]] = field(default_factory=list)


class PayerDesk:
    """Works off the due events of one payer.

    Parameters
    ----------
    payer, state
        The payer and how far it has come; the state is moved on.
    shares
        What each member of the payer has met, by member identifier.
    by_number
        Finds a claim by a payer claim number.
    today
        The day the wave bears.
    """

    def __init__(
        self,
        payer: w.Payer,
        state: PayerState,
        shares: dict[str, RunningShare],
        by_number: dict[str, Landed],
        today: dt.date,
    ) -> None:
        self.payer = payer
        self.state = state
        self.shares = shares
        self.by_number = by_number
        self.today = today
        self.work = WaveWork()

    def run(self) -> WaveWork:
        """Do everything that is due, in an order that does not depend on arrival."""
        due = [event for event in self.state.events if event.wave <= self.state.wave]
        self.state.events = [event for event in self.state.events if event.wave > self.state.wave]
        order = {"reverse": 0, "correct": 1, "adjudicate": 2, "takeback": 3, "interest": 4}
        for event in sorted(due, key=lambda one: (*one.landed.sort_key, order[one.kind])):
            self._do(event)
        return self.work

    def _do(self, event: DueEvent) -> None:
        match event.kind:
            case "adjudicate":
                self._adjudicate(event.landed)
            case "reverse":
                self._reverse_as_scripted(event)
            case "correct":
                unit = Unit(event.landed)
                self._correct(unit, event.landed, event.correction or w.PayByContract())
                self.work.units.append(unit)
            case "takeback":
                reference = (
                    event.landed.standing_number
                    if event.with_claim_reference
                    else (f"RECOVERY{event.landed.standing_number[-5:]}")
                )
                self._adjust_provider(event.landed, "WO", reference, event.cents)
            case "interest":
                reference = event.landed.standing_number
                self._adjust_provider(event.landed, "L6", reference, -event.cents)

    def _adjust_provider(self, landed: Landed, reason: str, reference: str, cents: int) -> None:
        self.work.provider_adjustments.append(
            (landed, ProviderAdjustment(reason, reference, cents))
        )

    # Deciding -------------------------------------------------------------------------------

    def _adjudicate(self, landed: Landed) -> None:
        claim = landed.claim
        unit = Unit(landed)
        if claim.frequency in {REPLACEMENT, VOID}:
            original = self.by_number.get(claim.original_reference)
            if original is not None:
                self._withdraw(unit, original, "voided" if claim.frequency == VOID else "replaced")
        if claim.frequency == VOID:
            landed.fate = "voided"
            landed.decided_on = self.today
        else:
            pend = landed.scripted.adjudication
            if isinstance(pend, w.Pend) and landed.pending is None:
                landed.pending = (pend.category, pend.status)
                if pend.waves is not None:
                    wave = self.state.wave + pend.waves
                    self.state.events.append(DueEvent(wave, "adjudicate", landed))
            else:
                landed.pending = None
                self._settle(unit, landed, self._first_decision(landed))
        if unit.claims:
            self.work.units.append(unit)

    def _withdraw(self, unit: Unit, original: Landed, fate: str) -> None:
        """Take a claim back because a replacement or a void came: reverse it if it was settled."""
        self.state.events = [one for one in self.state.events if one.landed is not original]
        if original.standing is not None:
            unit.original = original
            self._reverse(unit, original)
        original.pending = None
        original.fate = fate

    def _case(self, landed: Landed) -> Case:
        member_id = landed.member.member_id if landed.member else landed.claim.subscriber.identifier
        share = self.shares.setdefault(member_id, RunningShare())
        return Case(landed.claim, self.payer, landed.member, share)

    def _first_decision(self, landed: Landed) -> Callable[[Case], Settlement]:
        scripted = landed.scripted.adjudication
        if landed.duplicate_of is not None:
            return lambda case: deny(case, EXACT_DUPLICATE)
        if isinstance(scripted, w.Pend):
            scripted = scripted.then or w.PayByContract()
        if scripted is not None:
            decision = scripted
            return lambda case: decide(case, decision)
        days = (landed.landed_on - landed.claim.last_day).days
        return lambda case: decide_by_rules(case, days)

    def _settle(
        self,
        unit: Unit,
        landed: Landed,
        decision: Callable[[Case], Settlement],
        original_number: str = "",
    ) -> None:
        case = self._case(landed)
        before = (case.share.deductible_met_cents, case.share.out_of_pocket_met_cents)
        settled = decision(case)
        case.share.deductible_met_cents, case.share.out_of_pocket_met_cents = before
        self._move_share(case.share, settled, 1)
        first = not landed.history
        landed.standing = settled
        landed.standing_number = landed.standing_number or landed.number
        landed.fate = fate_of(settled)
        landed.decided_on = self.today
        if first:
            self._schedule_follow_ups(landed)
        member = landed.member
        billed = landed.claim.subscriber.identifier
        unit.claims.append(
            PaidClaim(
                claim=landed.claim,
                settlement=settled,
                payer_claim_number=landed.standing_number,
                received_on=landed.landed_on,
                original_claim_number=original_number,
                corrected_member_id=(
                    member.member_id if member and member.member_id != billed else ""
                ),
                interest_cents=self._interest_now(landed) if first else 0,
            )
        )
        landed.history.append((landed.standing_number, settled))

    @staticmethod
    def _move_share(share: RunningShare, settled: Settlement, sign: int) -> None:
        """Count what fell on the member towards the year, or take it back (sign -1)."""
        if settled.claim_status not in {"1", "19"}:
            return
        for one in settled.adjustments:
            if one.group == "PR" and one.carc in _SHARE_CODES:
                share.out_of_pocket_met_cents += sign * one.cents
                if one.carc == "1":
                    share.deductible_met_cents += sign * one.cents

    def _interest_now(self, landed: Landed) -> int:
        return sum(
            one.amount_cents
            for one in landed.scripted.follow_ups
            if isinstance(one, w.Interest) and one.after_waves == 0
        )

    def _schedule_follow_ups(self, landed: Landed) -> None:
        if landed.claim.frequency != "1" or landed.duplicate_of is not None:
            return
        for one in landed.scripted.follow_ups:
            wave = self.state.wave + one.after_waves
            match one:
                case w.Reversal():
                    event = DueEvent(
                        wave, "reverse", landed, one.correction, one.correction_in_next_wave
                    )
                case w.Takeback():
                    event = DueEvent(
                        wave, "takeback", landed, cents=one.amount_cents,
                        with_claim_reference=one.with_claim_reference,
                    )  # fmt: skip
                case w.Interest():
                    if one.after_waves == 0:
                        self._adjust_provider(landed, "L6", landed.standing_number,
                                              -one.amount_cents)  # fmt: skip
                        continue
                    event = DueEvent(wave, "interest", landed, cents=one.amount_cents)
            self.state.events.append(event)

    # Reversing and correcting ---------------------------------------------------------------

    def _reverse_as_scripted(self, event: DueEvent) -> None:
        landed = event.landed
        if landed.standing is None:
            # A claim already reversed must not be reversed again.
            return
        unit = Unit(landed)
        self._reverse(unit, landed)
        if event.correction is None:
            landed.fate = "reversed"
        elif event.correction_in_next_wave:
            wave = self.state.wave + 1
            self.state.events.append(DueEvent(wave, "correct", landed, event.correction))
        else:
            self._correct(unit, landed, event.correction)
        self.work.units.append(unit)

    def _reverse(self, unit: Unit, landed: Landed) -> None:
        standing = landed.standing
        if standing is None:
            return
        negated = standing.reversed()
        self._move_share(self._case(landed).share, standing, -1)
        unit.claims.append(
            PaidClaim(landed.claim, negated, landed.standing_number, landed.landed_on)
        )
        landed.history.append((landed.standing_number, negated))
        landed.standing = None
        landed.decided_on = self.today

    def _correct(self, unit: Unit, landed: Landed, correction: w.SettledDecision) -> None:
        replaced = landed.standing_number
        landed.corrections += 1
        landed.standing_number = f"{landed.number}C{landed.corrections}"
        self.by_number[landed.standing_number] = landed
        self._settle(unit, landed, lambda case: decide(case, correction), replaced)


def fate_of(settled: Settlement) -> str:
    """Say in a word what became of a claim: paid, zero_paid, denied or partially_denied."""
    unexplained = [
        one for one in settled.adjustments if one.carc not in _EXPLAINED and one.cents > 0
    ]
    if settled.paid_cents > 0:
        return "partially_denied" if unexplained else "paid"
    return "denied" if unexplained else "zero_paid"


# --- grouping into payments -----------------------------------------------------------------


@dataclass(slots=True)
class PaymentGroup:
    """Payments that share a file, with the remittance script that is for the first of them."""

    payments: list[Payment]
    entries: list[w.RemittanceEntry] = field(default_factory=list)


def group_payments(
    payer: w.Payer,
    state: PayerState,
    work: WaveWork,
    entries: Iterable[w.RemittanceEntry],
    today: dt.date,
) -> list[PaymentGroup]:
    """Group the work of a wave into payments and files.

    A script entry that names members gets a payment and a file of its own. Provider
    adjustments go with the first ordinary payment of the payee. A payment never falls below
    zero: what is owed is carried by PLB FB to the payee's next payment.
    """
    mine = [
        one
        for one in entries
        if one.payer_id == payer.payer_id and one.wave in {None, state.waves_sent}
    ]
    own = [one for one in mine if one.member_ids]
    shared = [one for one in mine if not one.member_ids]
    maker = _PaymentMaker(payer, state, today)
    groups: list[PaymentGroup] = []
    rest = list(work.units)
    for entry in own:
        picked = [one for one in rest if _bears(one, entry)]
        rest = [one for one in rest if not _bears(one, entry)]
        payments = maker.payments(picked)
        if payments:
            groups.append(PaymentGroup(payments, [entry]))
    ordinary = maker.payments(rest)
    maker.adjust(ordinary, groups, work.provider_adjustments)
    size = payer.payments_per_file or max(1, len(ordinary))
    shared_groups = [
        PaymentGroup(ordinary[start : start + size]) for start in range(0, len(ordinary), size)
    ]
    if shared_groups:
        shared_groups[0].entries = shared
    groups = shared_groups + groups
    for group in groups:
        for payment in group.payments:
            maker.close(payment)
    return groups


def _bears(unit: Unit, entry: w.RemittanceEntry) -> bool:
    return unit.landed.claim.subscriber.identifier in entry.member_ids


class _PaymentMaker:
    def __init__(self, payer: w.Payer, state: PayerState, today: dt.date) -> None:
        self.payer = payer
        self.state = state
        self.today = today

    def payments(self, units: list[Unit]) -> list[Payment]:
        by_payee: dict[Payee, list[Unit]] = {}
        for unit in units:
            by_payee.setdefault(Payee.of(unit.landed.claim.billing), []).append(unit)
        made: list[Payment] = []
        for payee in sorted(by_payee, key=lambda one: (one.npi, one.tax_id, one.name)):
            size = self.payer.claims_per_payment or len(by_payee[payee])
            theirs = by_payee[payee]
            for start in range(0, len(theirs), size):
                payment = self._new(payee)
                for unit in theirs[start : start + size]:
                    payment.claims.extend(unit.claims)
                    for landed in (unit.landed, unit.original):
                        if landed is not None:
                            landed.traces.append(payment.trace)
                made.append(payment)
        return made

    def _new(self, payee: Payee) -> Payment:
        self.state.payments += 1
        trace = f"{self.payer.payer_id[:6]}{self.today:%y%m%d}{self.state.payments:05d}"
        return Payment(
            payer=self.payer,
            payee=payee,
            trace=trace,
            written_on=self.today,
            settles_on=self.today + dt.timedelta(days=self.payer.payment_lag_days),
            receiver=self.state.receivers.get(payee, "UNKNOWN"),
        )

    def adjust(
        self,
        ordinary: list[Payment],
        groups: list[PaymentGroup],
        adjustments: list[tuple[Landed, ProviderAdjustment]],
    ) -> None:
        for landed, adjustment in adjustments:
            payee = Payee.of(landed.claim.billing)
            everywhere = ordinary + [one for group in groups for one in group.payments]
            payment = next((one for one in everywhere if one.payee == payee), None)
            if payment is None:
                payment = self._new(payee)
                ordinary.append(payment)
            payment.provider_adjustments.append(adjustment)

    def close(self, payment: Payment) -> None:
        """Apply what is carried from before, and carry forward what the payment cannot bear."""
        carried, reference = self.state.carried_cents.pop(payment.payee, (0, ""))
        if carried:
            payment.provider_adjustments.append(ProviderAdjustment("FB", reference, carried))
        if payment.payment_cents < 0:
            owed = -payment.payment_cents
            self.state.carried_cents[payment.payee] = (owed, payment.trace)
            payment.provider_adjustments.append(ProviderAdjustment("FB", payment.trace, -owed))
