"""Match one bank deposit with the remittance that announced it, by trace number.

An event and the bank's files may tell of the same money: it is one deposit, told again.

Reads   what was told of the deposit before; the remittances of the same payer and trace number; without a trace, those
        that await a deposit.
Writes  the deposit, its posting from remittance clearing to cash, the deposits of its remittances.
Emits   balance.reconciled when both agree to the cent; work for finance when they differ or one is missing.
Fails   StaleRecordError (retry).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

from functions.billing.domain.commit import Actor, Aggregate, Cause, Commit, OutboundEvent
from functions.billing.domain.ledger.bookings import DepositReceived, deposit_posting
from functions.billing.domain.remittance.deposits import (
    AnnouncedPayment,
    DepositMatch,
    DepositOutcome,
)
from functions.billing.domain.remittance.deposits import match_deposit as associate
from functions.billing.domain.remittance.payments import (
    TRACED,
    Deposit,
    Remittance,
    RemittanceState,
    TracedPayment,
)
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.ports import Clock, Records
from functions.billing.usecases.events import opened, resolved
from functions.billing.usecases.postings import StoredPosting
from functions.billing.usecases.reconcile_remittance import AWAITING_DEPOSIT
from functions.billing.usecases.work import open_items_about

STEP = "match_deposit"
DEPOSIT_WAITING, DEPOSIT_OVERDUE = "DEPOSIT_WAITING", "DEPOSIT_OVERDUE"

# Operating rules bring money and remittance within three business days of each other.
REMITTANCE_EXPECTED = timedelta(days=5)

_ENDED_BY_MATCHING = frozenset(
    {"deposit_without_remittance", "deposit_missing", "deposit_without_trace"}
)
_FAR = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchDeposit:
    """Money reached the bank. `deposit_id` is what `source` calls it: an event, or a form of the bank's files.

    Without a source nobody tells anything new: a deposit that waits is looked at once more.
    """

    deposit_id: str
    trace_number: str
    payer_identifier: str
    amount_cents: int
    deposited_on: date
    source: str = "event"

    @property
    def tellings(self) -> tuple[str, ...]:
        """What the deposit remembers of this telling."""
        return (f"{self.source}:{self.deposit_id}",) if self.source else ()


def match_deposit(
    command: MatchDeposit, cause: Cause, *, records: Records, clock: Clock
) -> dict[str, object]:
    """`matched`, `differs` (booked as it came, finance looks), `waiting` for its remittance, or `told_again`."""
    now = clock.now()
    deposit_id, known = _told_of(records, command)
    news = tuple(one for one in command.tellings if known and one not in known.told_by)
    if known and known.state != "waiting":
        if news:
            _note_telling(records, known, news, cause, now)
        return {"outcome": "told_again" if news else known.state, "deposit_id": deposit_id}
    deposit = (
        replace(known, trace_number=command.trace_number, told_by=(*known.told_by, *news))
        if known
        else _new(deposit_id, command, now)
    )
    announced = _announced(records, command)
    match = associate(_received(deposit), [_announcement(one) for one in announced])
    chosen = tuple(one for one in announced if one.remittance_id in match.identities)
    if match.outcome in {DepositOutcome.MATCHED, DepositOutcome.AMOUNT_DIFFERS}:
        return _settle(records, deposit, chosen, match, is_new=known is None, cause=cause, now=now)
    if known is None:
        _wait(records, deposit, chosen, cause, now)
    elif news:
        _note_telling(records, known, news, cause, now)
        return {"outcome": "told_again", "deposit_id": deposit_id}
    return {"outcome": "waiting", "deposit_id": deposit_id}


def _told_of(records: Records, command: MatchDeposit) -> tuple[str, Deposit | None]:
    """The deposit a telling is about, if it is known, and its name.

    What is told by the name of a known deposit is that one. Else it is the first of the same payer, trace, amount and
    day that this source has told before under this name, or has not told yet.
    """
    known = records.get(Deposit, Deposit.key_of(command.deposit_id))
    if known or not command.trace_number:
        return command.deposit_id, known
    for place in count():
        deposit_id = Deposit.id_of(
            command.payer_identifier,
            command.trace_number,
            command.amount_cents,
            command.deposited_on.isoformat(),
            place,
        )
        known = records.get(Deposit, Deposit.key_of(deposit_id))
        if known is None or not known.is_told_by(command.source):
            break
        if set(command.tellings) & set(known.told_by):
            break
    return deposit_id, known


def _note_telling(
    records: Records, known: Deposit, news: tuple[str, ...], cause: Cause, now: datetime
) -> None:
    """The same money from another source: nothing is booked, and it is seen that it was told twice."""
    told = replace(known, told_by=(*known.told_by, *news))
    _commit(records, told, cause, now, decision="told_again")


def _new(deposit_id: str, command: MatchDeposit, now: datetime) -> Deposit:
    return Deposit(
        deposit_id=deposit_id,
        told_by=command.tellings,
        trace_number=command.trace_number,
        payer_identifier=command.payer_identifier,
        amount_cents=command.amount_cents,
        deposited_on=command.deposited_on.isoformat(),
        received_at=now,
    )


def _announced(records: Records, command: MatchDeposit) -> tuple[Remittance, ...]:
    """The payments a deposit may be: those of its trace, or, without one, all that still await theirs."""
    if not command.trace_number:
        waiting = records.due(Remittance, AWAITING_DEPOSIT, _FAR)
        return tuple(one for one in waiting if one.state is RemittanceState.POSTED)
    partition = TracedPayment.partition_of(command.payer_identifier, command.trace_number)
    found = (
        records.get(Remittance, Remittance.key_of(one.remittance_id))
        for one in records.under(TracedPayment, partition, TRACED)
    )
    return tuple(one for one in found if one)


def _wait(
    records: Records,
    deposit: Deposit,
    proposed: tuple[Remittance, ...],
    cause: Cause,
    now: datetime,
) -> None:
    """The bank was quicker than the file, or gave no trace: the cash is on the ledger, the file is awaited."""
    waiting = replace(
        deposit,
        state="waiting",
        proposed=tuple(one.remittance_id for one in proposed),
        due_kind=DEPOSIT_WAITING,
        due_at=now + REMITTANCE_EXPECTED,
    )
    works: tuple[WorkItem, ...] = ()
    if proposed:
        works = (
            open_work_item(
                queue=Queue.FINANCE,
                reason="deposit_without_trace",
                about=deposit.subject,
                recommended_action="compare with the payment proposed; report the deposit again with its trace number",
                at=now,
                amount_cents=deposit.amount_cents,
                fields=tuple(one.subject for one in proposed),
            ),
        )
    _commit(
        records,
        waiting,
        cause,
        now,
        postings=(_posting(deposit, ""),),
        also=works,
        events=tuple(map(opened, works)),
    )


def _settle(
    records: Records,
    deposit: Deposit,
    remittances: tuple[Remittance, ...],
    match: DepositMatch,
    *,
    is_new: bool,
    cause: Cause,
    now: datetime,
) -> dict[str, object]:
    """Book the deposit to the payments of its trace, to each what it announced; the last bears a difference."""
    state = "matched" if match.is_matched else "differs"
    settled = replace(
        deposit,
        state=state,
        remittance_id=remittances[0].remittance_id,
        also_for=tuple(one.remittance_id for one in remittances[1:]),
        difference_cents=match.difference_cents,
        due_kind="",
        due_at=None,
    )
    paid = tuple(_paid(remittances, deposit))
    works: tuple[WorkItem, ...] = () if match.is_matched else (_difference_work(settled, now),)
    done = tuple(
        item.resolved(at=now, by=STEP, resolution="deposit_found_its_remittance")
        for subject in (deposit.subject, *(one.subject for one in remittances))
        for item in open_items_about(records, subject)
        if item.reason in _ENDED_BY_MATCHING
    )
    reconciled = tuple(
        OutboundEvent(
            "balance.reconciled",
            {"reference": one.remittance_id, "amount_cents": one.deposited_cents},
        )
        for one in paid
        if match.is_matched
    )
    identity = remittances[0].header.identity
    _commit(
        records,
        settled,
        cause,
        now,
        postings=(_posting(deposit, identity),) if is_new else (),
        also=(*paid, *works, *done),
        events=(
            *reconciled,
            *(resolved(item, item.resolution) for item in done),
            *map(opened, works),
        ),
    )
    return {"outcome": state, "deposit_id": deposit.deposit_id}


def _paid(remittances: tuple[Remittance, ...], deposit: Deposit) -> Iterator[Remittance]:
    left_cents = deposit.amount_cents
    for position, one in enumerate(remittances):
        is_last = position == len(remittances) - 1
        part_cents = left_cents if is_last else _announcement(one).total_paid_cents
        left_cents -= part_cents
        yield replace(
            one,
            deposit_id=deposit.deposit_id,
            deposited_cents=one.deposited_cents + part_cents,
            due_kind="" if one.due_kind == AWAITING_DEPOSIT else one.due_kind,
        )


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
        identity=remittance.remittance_id,
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
    decision: str = "",
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
            decision=decision or deposit.state,
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
