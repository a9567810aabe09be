"""Read a bank's file and match each deposit in it with the remittance that announced it.

Reads   the file (NACHA with CCD+ addenda, or BAI2); the remittances of the traces it names.
Writes  the file as evidence before anything else; what matching writes, for each deposit.
Emits   what matching emits; work_item.opened for a file that cannot be read.
Fails   StaleRecordError (retry): deposits that were matched before are found and passed over.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from functions.billing.bank.deposits import BankDeposit
from functions.billing.bank.files import read_bank_file
from functions.billing.domain.commit import Actor, Cause, Commit
from functions.billing.domain.errors import ContractError
from functions.billing.domain.keys import derived_id
from functions.billing.domain.remittance.payments import BankFile
from functions.billing.domain.work_items import Queue, open_work_item
from functions.billing.ports import Clock, Evidence, Intake, Records
from functions.billing.usecases.events import opened
from functions.billing.usecases.match_deposit import MatchDeposit, match_deposit

STEP = "read_deposits"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDeposits:
    """A file rests in the intake bucket."""

    file_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BankFilePorts:
    """What reading needs of the world."""

    records: Records
    evidence: Evidence
    intake: Intake
    clock: Clock


def read_deposits(command: ReadDeposits, cause: Cause, ports: BankFilePorts) -> dict[str, object]:
    """`read`, `duplicate` for the same bytes again, or `refused`; with how many deposits became what."""
    body = ports.intake.fetch(command.file_key)
    digest = hashlib.sha256(body).hexdigest()
    file_id = derived_id("B", digest)
    known = ports.records.get(BankFile, BankFile.key_of(file_id))
    if known:
        return {"outcome": "duplicate", "file_id": file_id}
    now = ports.clock.now()
    kept = ports.evidence.keep(f"deposits/{file_id}.txt", body, content_type="text/plain")
    file = BankFile(
        file_id=file_id,
        file_key=command.file_key,
        content_sha256=digest,
        evidence_key=kept.key,
        received_at=now,
    )
    try:
        deposits = read_bank_file(body)
    except ContractError as refusal:
        _refuse(ports.records, file, refusal, cause, now)
        return {"outcome": "refused", "file_id": file_id}
    outcomes = Counter(str(_match(one, cause, ports)["outcome"]) for one in deposits)
    # Last: an interrupted run begins anew, and finds what it had matched.
    ports.records.remember(
        file.read(
            deposits=len(deposits),
            told_before=outcomes["told_again"],
            amount_cents=sum(d.amount_cents for d in deposits),
        )
    )
    return {"outcome": "read", "file_id": file_id, **outcomes}


def _match(deposit: BankDeposit, cause: Cause, ports: BankFilePorts) -> dict[str, object]:
    command = MatchDeposit(
        deposit_id=deposit.deposit_id,
        trace_number=deposit.trace_number,
        payer_identifier=deposit.payer_identifier,
        amount_cents=deposit.amount_cents,
        deposited_on=deposit.deposited_on,
        source=deposit.form,
    )
    return match_deposit(command, cause, records=ports.records, clock=ports.clock)


def _refuse(
    records: Records, file: BankFile, refusal: ContractError, cause: Cause, now: datetime
) -> None:
    work = open_work_item(
        queue=Queue.FINANCE,
        reason=refusal.code,
        about=file.subject,
        recommended_action="ask the bank for the file again; the one refused is kept as evidence",
        at=now,
        fields=(refusal.detail,),
    )
    records.commit(
        Commit(
            step=STEP,
            cause=cause,
            actor=Actor(STEP),
            at=now,
            root=file.refused(refusal.detail),
            decision="refused",
            facts={"content_sha256": file.content_sha256, "why": refusal.detail},
            also=(work,),
            events=(opened(work),),
        )
    )
