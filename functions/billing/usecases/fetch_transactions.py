"""Follow the clearinghouse's list, so that no remittance or acknowledgement is missed whatever its webhook came to.

Reads   the list since the mark, with an overlap; the arrivals of each file's content.
Writes  each file that is not here yet into the intake, which starts what a drop would; what landed; the mark once
        the whole list was seen.
Fails   ClearinghouseUnavailableError (retry) when a listed file could not be fetched: the others were, and the mark
        stays, so the next look finds it again.
"""

import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO, cast

from functions.billing.domain.commit import Actor, Cause, Commit
from functions.billing.domain.errors import ClearinghouseUnavailableError
from functions.billing.domain.intake.transactions import (
    ACKNOWLEDGEMENTS,
    FIRST_LOOK,
    OVERLAP,
    LandedTransaction,
    Landing,
    ListedTransaction,
    ListMark,
)
from functions.billing.domain.remittance.payments import RemittanceFile, file_id_of
from functions.billing.domain.submission.acknowledgement import (
    AcknowledgementFile,
    acknowledgement_file_id,
)
from functions.billing.ports import Clock, Intake, Records, TransactionList

STEP = "fetch_transactions"
FETCHED_PER_RUN_MAX = 200
CHUNK_BYTES = 1 << 20
IN_MEMORY_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchTransactions:
    """Time to look, or a webhook says that it is worth looking. `webhook_id` is the one that did."""

    webhook_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchingPorts:
    """What following the list needs of the world; `transactions` is None where files alone are exchanged."""

    records: Records
    intake: Intake
    transactions: TransactionList | None
    clock: Clock


def fetch_transactions(
    _command: FetchTransactions, cause: Cause, ports: FetchingPorts
) -> dict[str, object]:
    """`followed`, or `more` when the next run must go on; with how many files arrived by themselves or were fetched.

    `no_list` where no connection of the deployment lists anything: its files can only be dropped.
    """
    if ports.transactions is None:
        return {"outcome": "no_list", "why": "no connection of this deployment lists what it holds"}
    now = ports.clock.now()
    mark = ports.records.get(ListMark, ListMark.key_of())
    since = (mark.processed_at if mark else now - FIRST_LOOK) - OVERLAP
    look = _Look(ports, ports.transactions, now)
    is_whole = look.follow(ports.transactions.since(since))
    if is_whole and not look.failed:
        _move(mark, min(look.newest, now) if look.newest else None, cause, ports, look)
    if look.failed:
        raise ClearinghouseUnavailableError(
            "transactions_not_fetched",
            subject="clearinghouse_list",
            detail=f"{look.failed} of {look.seen}",
        )
    return {
        "outcome": "followed" if is_whole else "more",
        "listed": look.seen,
        "fetched": look.landed[Landing.FETCHED],
        "arrived": look.landed[Landing.ARRIVED],
    }


class _Look:
    """One look at the list."""

    def __init__(self, ports: FetchingPorts, transactions: TransactionList, now: datetime) -> None:
        self._ports = ports
        self._transactions = transactions
        self._now = now
        self.newest: datetime | None = None
        self.seen = 0
        self.failed = 0
        self.landed = dict.fromkeys(Landing, 0)

    def follow(self, listed: Iterable[ListedTransaction]) -> bool:
        """See to every entry; False when some are left for the next run."""
        for entry in listed:
            if self.landed[Landing.FETCHED] >= FETCHED_PER_RUN_MAX:
                return False
            self.seen += 1
            self.newest = max(filter(None, (self.newest, entry.processed_at)))
            if entry.folder:
                self._see_to(entry)
        return True

    def _see_to(self, entry: ListedTransaction) -> None:
        key = LandedTransaction.key_of(entry.transaction_id)
        if self._ports.records.get(LandedTransaction, key):
            return
        try:
            file_id, landing = self._land(entry)
        except ClearinghouseUnavailableError:
            # One file that cannot be had must not keep the others away.
            self.failed += 1
            return
        self.landed[landing] += 1
        self._ports.records.remember(
            LandedTransaction(
                transaction_id=entry.transaction_id,
                transaction_set=entry.transaction_set,
                processed_at=entry.processed_at,
                landing=landing,
                file_id=file_id,
                seen_at=self._now,
            )
        )

    def _land(self, entry: ListedTransaction) -> tuple[str, Landing]:
        """Its file's id, and whether it was here already. Remembered after it is put there: a crash puts it twice."""
        with (
            self._transactions.open(entry) as stream,
            tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as temporary,
        ):
            spool = cast("BinaryIO", temporary)
            file_id, is_here = self._known(entry, _copied(stream, spool))
            if is_here:
                return file_id, Landing.ARRIVED
            spool.seek(0)
            self._ports.intake.put(entry.file_key, spool, content_type="application/edi-x12")
        return file_id, Landing.FETCHED

    def _known(self, entry: ListedTransaction, sha256: str) -> tuple[str, bool]:
        """The id its content gives it, and whether a file of that content came before."""
        records = self._ports.records
        if entry.folder == ACKNOWLEDGEMENTS:
            file_id = acknowledgement_file_id(sha256)
            key = AcknowledgementFile.key_of(file_id)
            return file_id, records.get(AcknowledgementFile, key) is not None
        file_id = file_id_of(sha256)
        return file_id, any(records.listed(RemittanceFile, RemittanceFile.ref_of(file_id)))


def _copied(stream: BinaryIO, to: BinaryIO) -> str:
    """Copy a file of any size and return its SHA-256."""
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK_BYTES):
        digest.update(chunk)
        to.write(chunk)
    return digest.hexdigest()


def _move(
    mark: ListMark | None, newest: datetime | None, cause: Cause, ports: FetchingPorts, look: _Look
) -> None:
    """Forward only, and only when something new was listed."""
    if newest is None or (mark and newest <= mark.processed_at):
        return
    ports.records.commit(
        Commit(
            step=STEP,
            cause=cause,
            actor=Actor(STEP),
            at=ports.clock.now(),
            root=replace(mark, processed_at=newest) if mark else ListMark(processed_at=newest),
            decision="followed",
            facts={
                "listed": look.seen,
                "fetched": look.landed[Landing.FETCHED],
                "arrived": look.landed[Landing.ARRIVED],
            },
        )
    )
