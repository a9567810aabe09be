"""Match one bank deposit with the remittance that announced it, by trace number.

Reads   the remittance of the same payer and trace number.
Writes  the deposit, its posting from remittance clearing to cash, the remittance's deposit.
Emits   balance.reconciled when both agree to the cent; work for finance when they differ or one is missing.
Fails   StaleRecordError (retry).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from functions.billing.domain.commit import Actor, Aggregate, Cause, Commit, Fact, OutboundEvent
from functions.billing.domain.ledger.bookings import DepositReceived, deposit_posting
from functions.billing.domain.remittance.deposits import AnnouncedPayment
from functions.billing.domain.remittance.deposits import match_deposit as associate
from functions.billing.domain.remittance.payments import Deposit, Remittance
from functions.billing.domain.submission.attempt import Pointer
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.ports import Clock, Records
from functions.billing.usecases.events import opened, resolved
from functions.billing.usecases.postings import StoredPosting
from functions.billing.usecases.reconcile_remittance import TRACE, trace_pointer_key
from functions.billing.usecases.work import open_items_about

STEP = "match_deposit"
DEPOSIT_WAITING, DEPOSIT_OVERDUE = "DEPOSIT_WAITING", "DEPOSIT_OVERDUE"

# Operating rules bring money and remittance within three business days of each other.
REMITTANCE_EXPECTED = timedelta(days=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchDeposit:
    """Money reached the bank."""

    deposit_id: str
    trace_number: str
    payer_identifier: str
    amount_cents: int
    deposited_on: date


def match_deposit(
    command: MatchDeposit, cause: Cause, *, records: Records, clock: Clock
) -> dict[str, object]:
    """`matched`, `differs` (booked as it came, finance looks) or `waiting` for its remittance."""
    known = records.get(Deposit, Deposit.key_of(command.deposit_id))
    if known and known.state != "waiting":
        return {"outcome": known.state, "deposit_id": command.deposit_id}
    now = clock.now()
    remittance = _announced(records, command)
    deposit = known or Deposit(
        deposit_id=command.deposit_id,
        trace_number=command.trace_number,
        payer_identifier=command.payer_identifier,
        amount_cents=command.amount_cents,
        deposited_on=command.deposited_on.isoformat(),
        received_at=now,
    )
    if remittance is None:
        return _wait(records, deposit, known, cause, now)
    return _settle(records, deposit, remittance, is_new=known is None, cause=cause, now=now)


def _announced(records: Records, command: MatchDeposit) -> Remittance | None:
    value = trace_pointer_key(command.payer_identifier, command.trace_number)
    pointer = records.get(Pointer, Pointer.key_of(TRACE, value))
    return records.get(Remittance, Remittance.key_of(pointer.target)) if pointer else None


def _wait(
    records: Records, deposit: Deposit, known: Deposit | None, cause: Cause, now: datetime
) -> dict[str, object]:
    """The bank was quicker than the file: the cash is on the ledger, the file is awaited."""
    if known is None:
        waiting = replace(
            deposit, state="waiting", due_kind=DEPOSIT_WAITING, due_at=now + REMITTANCE_EXPECTED
        )
        posting = _posting(deposit, "")
        _commit(records, waiting, cause, now, postings=(posting,))
    return {"outcome": "waiting", "deposit_id": deposit.deposit_id}


def _settle(
    records: Records,
    deposit: Deposit,
    remittance: Remittance,
    *,
    is_new: bool,
    cause: Cause,
    now: datetime,
) -> dict[str, object]:
    match = associate(_received(deposit), (_announcement(remittance),))
    difference_cents = deposit.amount_cents - match.announced_cents
    state = "matched" if match.is_matched else "differs"
    settled = replace(
        deposit,
        state=state,
        remittance_id=remittance.remittance_id,
        difference_cents=difference_cents,
        due_kind="",
        due_at=None,
    )
    paid = replace(
        remittance,
        deposit_id=deposit.deposit_id,
        deposited_cents=remittance.deposited_cents + deposit.amount_cents,
        due_kind="" if remittance.due_kind == "AWAITING_DEPOSIT" else remittance.due_kind,
    )
    works: tuple[WorkItem, ...] = ()
    events: tuple[OutboundEvent, ...] = ()
    if not match.is_matched:
        works = (_difference_work(settled, now),)
    else:
        data: dict[str, Fact] = {
            "reference": remittance.remittance_id,
            "amount_cents": deposit.amount_cents,
        }
        events = (OutboundEvent("balance.reconciled", data),)
    done = tuple(
        item.resolved(at=now, by=STEP, resolution="deposit_found_its_remittance")
        for subject in (deposit.subject, remittance.subject)
        for item in open_items_about(records, subject)
        if item.reason in {"deposit_without_remittance", "deposit_missing"}
    )
    events = (*events, *(resolved(item, item.resolution) for item in done))
    postings = (_posting(deposit, remittance.header.identity),) if is_new else ()
    _commit(
        records,
        settled,
        cause,
        now,
        postings=postings,
        also=(paid, *works, *done),
        events=(*events, *map(opened, works)),
    )
    return {"outcome": state, "deposit_id": deposit.deposit_id}


def _difference_work(deposit: Deposit, now: datetime) -> WorkItem:
    return open_work_item(
        queue=Queue.FINANCE,
        reason="deposit_differs_from_remittance",
        about=deposit.subject,
        recommended_action="ask the payer which is right: the deposit or the remittance",
        at=now,
        amount_cents=deposit.difference_cents,
    )


def _received(deposit: Deposit) -> DepositReceived:
    return DepositReceived(
        deposit_id=deposit.deposit_id,
        trace_number=deposit.trace_number,
        amount_cents=deposit.amount_cents,
        deposited_on=date.fromisoformat(deposit.deposited_on),
    )


def _announcement(remittance: Remittance) -> AnnouncedPayment:
    """What is still to come of a payment: another deposit may have brought a part of it."""
    header = remittance.header
    return AnnouncedPayment(
        identity=header.identity,
        trace_number=header.trace_number,
        total_paid_cents=header.total_paid_cents - remittance.deposited_cents,
        settles_on=header.settles_on,
        received_on=remittance.received_at.date(),
    )


def _posting(deposit: Deposit, payment_identity: str) -> StoredPosting:
    posting = deposit_posting(_received(deposit), payment_identity=payment_identity)
    return StoredPosting(partition=deposit.key.partition, posting=posting)


def _commit(
    records: Records,
    deposit: Deposit,
    cause: Cause,
    now: datetime,
    *,
    postings: tuple[StoredPosting, ...] = (),
    also: tuple[Aggregate, ...] = (),
    events: tuple[OutboundEvent, ...] = (),
) -> None:
    records.commit(
        Commit(
            step=STEP,
            cause=cause,
            actor=Actor(STEP),
            at=now,
            root=deposit,
            decision=deposit.state,
            facts={
                "trace_number": deposit.trace_number,
                "remittance_id": deposit.remittance_id,
                "difference_cents": deposit.difference_cents,
            },
            new=postings,
            also=also,
            events=events,
        )
    )
