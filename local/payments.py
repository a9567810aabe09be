"""Payments as finance asks for them: one taken apart to the cent, and the four totals of each day."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.revisions import StoredContent
from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.bookings import DepositReceived
from functions.billing.domain.ledger.postings import PostingKind
from functions.billing.domain.money import dollars
from functions.billing.domain.remittance.deposits import (
    AnnouncedPayment,
    Unassociated,
    age_unassociated,
)
from functions.billing.domain.remittance.explain import (
    ExplainedAnswer,
    ExplainedLine,
    PaymentExplained,
    explain_payment,
)
from functions.billing.domain.remittance.four_totals import (
    DayReconciliation,
    PaymentTotals,
    by_day,
    payment_totals,
)
from functions.billing.domain.remittance.payments import (
    OTHER_CONTENT,
    OUT_OF_QUARANTINE,
    TEST_INDICATOR,
    AsideAnswer,
    Deposit,
    PostedAnswer,
    Remittance,
    RemittanceState,
)
from functions.billing.domain.statements import PatientStatement, patient_statement
from local.run_report import PaidLine, PaymentDay, ShownPayment
from local.store import Store

_ANSWERS_SHOWN_MAX = 12

# Kept aside for good reason and never to be posted under its own name: it announces nothing.
_NO_PAYMENT = frozenset({TEST_INDICATOR, OTHER_CONTENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentView:
    """One payment with all that is told of it; `silent` are its answers that moved no money."""

    remittance: Remittance
    explained: PaymentExplained
    totals: PaymentTotals
    aside: Mapping[int, AsideAnswer]
    silent: tuple[PostedAnswer, ...]
    procedures: Mapping[tuple[str, str], str]


def payment_view(store: Store, remittance: Remittance) -> PaymentView:
    """A payment of which the store holds all that belongs to it."""
    identity = remittance.header.identity
    explained = _explained(store, remittance)
    told = {one.ordinal for one in explained.answers} | {one.ordinal for one in explained.aside}
    return PaymentView(
        remittance=remittance,
        explained=explained,
        silent=tuple(
            one
            for one in store.of(PostedAnswer)
            if one.remittance_id == remittance.remittance_id and one.ordinal not in told
        ),
        totals=payment_totals(remittance, _ledger_cents(store).get(identity, 0)),
        aside={
            one.ordinal: one
            for one in store.of(AsideAnswer)
            if one.remittance_id == remittance.remittance_id
        },
        procedures={
            (one.claim_id, line.line_id): line.procedure
            for one in store.of(StoredContent)
            for line in one.content.lines
        },
    )


def days_of(store: Store) -> tuple[DayReconciliation, ...]:
    """The four totals of every day there is something of."""
    ledger = _ledger_cents(store)
    payments = [
        payment_totals(one, 0 if _is_kept_aside(one) else ledger.get(one.header.identity, 0))
        for one in store.of(Remittance)
        if not _NO_PAYMENT & set(one.reasons) and one.state not in OUT_OF_QUARANTINE
    ]
    return by_day(payments, store.of(Deposit))


def waiting_halves(store: Store, today: date) -> tuple[Unassociated, ...]:
    """Deposits without a remittance and remittances without a deposit, oldest first."""
    deposits = [
        DepositReceived(
            deposit_id=f"{one.names[0]}, trace {one.trace_number or 'not told'}",
            trace_number=one.trace_number,
            amount_cents=one.amount_cents,
            deposited_on=date.fromisoformat(one.deposited_on),
        )
        for one in store.of(Deposit)
        if not one.remittance_id
    ]
    announced = [
        AnnouncedPayment(
            identity=f"{one.remittance_id}, trace {one.header.trace_number}",
            trace_number=one.header.trace_number,
            total_paid_cents=one.header.total_paid_cents,
            settles_on=one.header.settles_on,
            received_on=one.received_at.date(),
        )
        for one in store.of(Remittance)
        if not one.deposit_id and not _is_kept_aside(one)
    ]
    return age_unassociated(deposits, announced, today=today)


def payment_days(store: Store) -> tuple[PaymentDay, ...]:
    """Each day's four totals, as a report shows them."""
    return tuple(
        PaymentDay(
            day=one.day,
            payments=len(one.payments),
            deposit_cents=one.sums.deposit_cents or 0,
            announced_cents=one.sums.announced_cents,
            posted_cents=one.sums.posted_cents,
            ledger_cents=one.sums.ledger_cents,
            awaited_cents=one.awaited_cents,
            unexplained_deposits=len(one.strays),
            agrees=one.agrees,
        )
        for one in days_of(store)
    )


def inexactly_posted(store: Store) -> tuple[str, ...]:
    """Posted payments whose announced, posted and ledger totals are not one figure."""
    return tuple(
        f"{one.remittance_id}: announced {dollars(one.totals.announced_cents)}, posted "
        f"{dollars(one.totals.posted_cents)}, ledger {dollars(one.totals.ledger_cents)}"
        for day in days_of(store)
        for one in day.payments
        if one.state is RemittanceState.POSTED and not one.totals.is_posted_exactly
    )


def payment_shown(store: Store) -> ShownPayment | None:
    """The posted payment with most to tell, and few enough answers to be read at once."""
    views = [
        (one, _explained(store, one))
        for one in store.of(Remittance)
        if one.state is RemittanceState.POSTED and one.claims <= _ANSWERS_SHOWN_MAX
    ]
    if not views:
        return None
    chosen, _ = max(
        views, key=lambda pair: (len(pair[1].destinations), pair[0].claims, pair[0].remittance_id)
    )
    view = payment_view(store, chosen)
    return ShownPayment(
        remittance_id=chosen.remittance_id,
        payer=chosen.header.payer_name,
        trace_number=chosen.header.trace_number,
        paid_cents=chosen.header.total_paid_cents,
        lines=tuple(_shown_lines(view)),
        destinations=view.explained.destinations,
    )


def _shown_lines(view: PaymentView) -> Iterator[PaidLine]:
    for answer in view.explained.answers:
        for line in answer.lines:
            procedure = view.procedures.get((answer.claim_id, line.line_id), "")
            yield PaidLine(
                clp=answer.ordinal,
                claim_id=answer.claim_id,
                line=f"{line.line_id} {procedure}".strip() or "whole claim",
                charge_cents=line.charge_cents,
                paid_cents=line.paid_cents,
                contractual_cents=line.contractual_cents,
                patient_cents=line.patient_cents,
                denied_cents=line.denied_cents,
                open_cents=line.open_cents,
                codes=line.codes,
                note=note_of(answer, line),
            )


def note_of(answer: ExplainedAnswer, line: ExplainedLine) -> str:
    """What is special about a line, or nothing."""
    if not line.is_in_force:
        return "held: a credit balance"
    return "reverses" if answer.claim_status == "22" else ""


def statement_of(store: Store, patient_id: str, today: date) -> PatientStatement:
    """What one patient owes, of claims with their newest content."""
    contents = {(one.claim_id, one.revision): one.content for one in store.of(StoredContent)}
    postings = store.postings()
    billed = [
        (contents[claim.claim_id, claim.revision], postings.get(claim.key.partition, []))
        for claim in store.of(Claim)
        if claim.patient_id == patient_id and (claim.claim_id, claim.revision) in contents
    ]
    return patient_statement(patient_id, billed, stated_on=today)


def _explained(store: Store, remittance: Remittance) -> PaymentExplained:
    every = (posting for some in store.postings().values() for posting in some)
    return explain_payment(remittance.header.identity, every)


def _is_kept_aside(remittance: Remittance) -> bool:
    return remittance.state in {RemittanceState.QUARANTINED, *OUT_OF_QUARANTINE}


def _ledger_cents(store: Store) -> Mapping[str, int]:
    """What each payment moved into clearing, summed from raw entries; a key that rests twice counts once."""
    cents: defaultdict[str, int] = defaultdict(int)
    seen: set[str] = set()
    for posting in store.posted_entries():
        if posting.kind == PostingKind.DEPOSIT or posting.key in seen:
            continue
        seen.add(posting.key)
        cents[posting.source] += sum(
            entry.amount_cents
            for entry in posting.entries
            if entry.account is Account.REMITTANCE_CLEARING
        )
    return cents
