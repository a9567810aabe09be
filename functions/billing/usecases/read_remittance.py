"""Read an 835 file: keep it, tell new payments from copies, balance each, and cut it into batches.

Reads   the file as a stream, one claim in memory at a time.
Writes  the file as evidence before anything else; a remittance for each payment it holds.
Emits   remittance.exception for what is kept aside; work_item.opened.
Fails   StaleRecordError (retry). What can't be read, doesn't balance or is marked test is never posted.
"""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from functions.billing.domain.commit import Actor, Cause, Commit, OutboundEvent
from functions.billing.domain.keys import derived_id
from functions.billing.domain.remittance.arrivals import Arrival, ContentDigest, classify_arrival
from functions.billing.domain.remittance.balance import claim_differences, transaction_difference
from functions.billing.domain.remittance.payments import (
    Remittance,
    RemittanceFile,
    RemittanceState,
    quarantine_id,
    remittance_id,
)
from functions.billing.domain.remittance.records import BalanceDifference, RemittanceHeader
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.edi.remittance_835 import header_of, remitted_claim
from functions.billing.ports import Clock, Evidence, Intake, Records
from functions.billing.usecases.events import opened
from functions.billing.x12 import (
    ClaimPayment,
    Envelope,
    Refusal,
    RemittanceEnd,
    RemittanceStart,
    Separators,
    X12Error,
    stream_835,
)
from functions.billing.x12 import RemittanceHeader as WireHeader

STEP = "read_remittance"
CLAIMS_PER_BATCH = 100
DIFFERENCES_SHOWN_MAX = 50
CLAIMS_NAMED_MAX = 1000
POSTED_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRemittance:
    """A file rests in the intake bucket."""

    file_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemittanceFilePorts:
    """What reading needs of the world."""

    records: Records
    evidence: Evidence
    intake: Intake
    clock: Clock


@dataclass(slots=True)
class _Reading:
    """One payment while its claims stream by; nothing of a claim outlives it but sums and byte ranges."""

    envelope: Envelope
    wire: WireHeader
    header: RemittanceHeader
    digest: ContentDigest
    claims: int = 0
    paid_cents: int = 0
    differences: list[BalanceDifference] = field(default_factory=list)
    claims_named: list[str] = field(default_factory=list)
    batches: list[tuple[int, int, int]] = field(default_factory=list)
    error: str = ""

    def take(self, claim: ClaimPayment) -> None:
        remitted = remitted_claim(claim)
        self.digest.add(remitted)
        if len(self.differences) < DIFFERENCES_SHOWN_MAX:
            self.differences += claim_differences(remitted)
        if len(self.claims_named) < CLAIMS_NAMED_MAX:
            self.claims_named.append(remitted.patient_control_number)
        if self.claims % CLAIMS_PER_BATCH == 0:
            self.batches.append((claim.ordinal, claim.byte_start, claim.byte_end))
        else:
            first, start, _ = self.batches[-1]
            self.batches[-1] = (first, start, claim.byte_end)
        self.claims += 1
        self.paid_cents += remitted.paid_cents


@dataclass(frozen=True, slots=True)
class _File:
    """The file being read, for every commit made of it."""

    file_id: str
    key: str
    cause: Cause
    now: datetime
    records: Records


def read_remittance(
    command: ReadRemittance, cause: Cause, ports: RemittanceFilePorts
) -> dict[str, object]:
    """`ready` with batches and remittances, or `duplicate`, `quarantined`, `refused`."""
    body = ports.intake.fetch(command.file_key)
    digest = hashlib.sha256(body).hexdigest()
    file = _File(derived_id("E", digest), command.file_key, cause, ports.clock.now(), ports.records)
    kept = ports.evidence.keep(
        f"remittances/{file.file_id}.x12", body, content_type="application/edi-x12"
    )
    batches: list[dict[str, object]] = []
    ready: list[str] = []
    duplicates: list[str] = []
    kept_aside: list[str] = []
    reasons: list[str] = [] if body.strip() else ["file_empty"]
    for reading in _payments(body, command.file_key):
        if isinstance(reading, X12Error):
            reasons.append(reading.code)
            continue
        outcome, identifier = _settle(file, reading)
        match outcome:
            case "ready":
                ready.append(identifier)
                batches += _batches(identifier, reading)
            case "duplicate":
                duplicates.append(identifier)
            case _:
                kept_aside.append(identifier)
    outcome = _outcome(ready, duplicates, kept_aside)
    _close(
        file,
        RemittanceFile(
            file_id=file.file_id,
            file_key=command.file_key,
            content_sha256=digest,
            evidence_key=kept.key,
            received_at=file.now,
            outcome=outcome,
            reasons=tuple(reasons),
            remittance_ids=(*ready, *kept_aside),
            duplicates=tuple(duplicates),
        ),
    )
    return {"outcome": outcome, "file_id": file.file_id, "batches": batches, "remittances": ready}


def _outcome(ready: list[str], duplicates: list[str], kept_aside: list[str]) -> str:
    if ready:
        return "ready"
    if kept_aside:
        return "quarantined"
    return "duplicate" if duplicates else "refused"


def _payments(body: bytes, name: str) -> Iterator["_Reading | X12Error"]:
    """Each payment once its last segment was read; an error takes the place of one that is broken."""
    reading: _Reading | None = None
    for item in stream_835(io.BytesIO(body), name=name):
        match item:
            case RemittanceStart(envelope=envelope, header=wire):
                try:
                    reading = _begin(envelope, wire)
                except X12Error as error:
                    # Without trace, payer or amount it has no identity, and could never be told from a copy.
                    yield error
            case ClaimPayment() if reading:
                _take(reading, item)
            case RemittanceEnd() if reading:
                yield _ended(reading, item)
                reading = None
            case Refusal():
                yield item.error
                reading = None


def _begin(envelope: Envelope, wire: WireHeader) -> _Reading:
    header = header_of(envelope, wire)
    return _Reading(envelope, wire, header, ContentDigest(header))


def _take(reading: _Reading, claim: ClaimPayment) -> None:
    """An amount that can't be read spoils its payment, and no other."""
    try:
        reading.take(claim)
    except X12Error as error:
        reading.error = reading.error or error.code


def _ended(reading: _Reading, end: RemittanceEnd) -> _Reading:
    """Provider-level adjustments come last in the file."""
    try:
        reading.header = header_of(reading.envelope, reading.wire, end)
    except X12Error as error:
        reading.error = reading.error or error.code
    for adjustment in reading.header.provider_adjustments:
        reading.digest.add_adjustment(adjustment)
    return reading


def _settle(file: _File, reading: _Reading) -> tuple[str, str]:
    """What a payment is, committed: `ready`, `duplicate` or `quarantined`, and its id."""
    header = reading.header
    digest = reading.digest.hexdigest()
    identifier = remittance_id(header)
    known = file.records.get(Remittance, Remittance.key_of(identifier))
    arrival = classify_arrival(
        header, digest, {header.identity: known.content_digest} if known else {}
    )
    if (
        known
        and known.file_id == file.file_id
        and known.file_key == file.key
        and arrival is Arrival.DUPLICATE
    ):
        # Our own earlier run was interrupted: go on where it stopped.
        return ("ready" if known.state is RemittanceState.RECEIVED else "duplicate"), identifier
    if arrival is Arrival.DUPLICATE:
        return "duplicate", identifier
    reasons = _reasons_to_keep_aside(arrival, reading)
    if reasons:
        return "quarantined", _quarantine(file, reading, digest, reasons)
    _commit(file, _remittance(file, reading, digest, identifier), "received")
    return "ready", identifier


def _reasons_to_keep_aside(arrival: Arrival, reading: _Reading) -> tuple[str, ...]:
    reasons = []
    if arrival is Arrival.TEST:
        reasons.append("test_indicator")
    if arrival is Arrival.CONFLICT:
        reasons.append("same_payment_other_content")
    if reading.error:
        reasons.append(reading.error)
    whole = transaction_difference(reading.header, reading.paid_cents)
    if whole:
        reading.differences.append(whole)
    if reading.differences:
        reasons.append("unbalanced")
    return tuple(reasons)


def _remittance(file: _File, reading: _Reading, digest: str, identifier: str) -> Remittance:
    wire: Separators = reading.envelope.interchange.separators
    return Remittance(
        remittance_id=identifier,
        file_id=file.file_id,
        file_key=file.key,
        header=reading.header,
        content_digest=digest,
        claims=reading.claims,
        claims_paid_cents=reading.paid_cents,
        received_at=file.now,
        separators=(wire.element, wire.repetition, wire.component, wire.segment, wire.line_break),
        due_kind="REMITTANCE",
        due_at=file.now + POSTED_WITHIN,
    )


def _quarantine(file: _File, reading: _Reading, digest: str, reasons: tuple[str, ...]) -> str:
    identifier = quarantine_id(reading.header, digest)
    if file.records.get(Remittance, Remittance.key_of(identifier)):
        return identifier
    received = _remittance(file, reading, digest, identifier)
    quarantined = replace(
        received,
        state=RemittanceState.QUARANTINED,
        reasons=reasons,
        differences=tuple(reading.differences[:DIFFERENCES_SHOWN_MAX]),
        claims_named=tuple(reading.claims_named),
        due_kind="",
        due_at=None,
    )
    work = open_work_item(
        queue=Queue.FINANCE,
        reason=f"remittance_{reasons[0]}",
        about=quarantined.subject,
        recommended_action="compare the differences with the payment; ask for a corrected file",
        at=file.now,
        fields=tuple(
            f"{each.level} {each.place}: {each.difference_cents} cents"
            for each in quarantined.differences[:5]
        ),
        amount_cents=reading.header.total_paid_cents,
    )
    event = OutboundEvent("remittance.exception", {"remittance_id": identifier, "reasons": reasons})
    _commit(file, quarantined, "quarantined", works=(work,), events=(event, opened(work)))
    return identifier


def _batches(identifier: str, reading: _Reading) -> list[dict[str, object]]:
    return [
        {"remittance_id": identifier, "first_ordinal": first, "start_byte": start, "end_byte": end}
        for first, start, end in reading.batches
    ]


def _close(file: _File, record: RemittanceFile) -> None:
    """Remember the arrival; a file of which nothing could be read is engineering's work."""
    if file.records.get(RemittanceFile, record.key):
        return
    works: tuple[WorkItem, ...] = ()
    if record.reasons:
        works = (
            open_work_item(
                queue=Queue.ENGINEERING,
                reason="remittance_file_unreadable",
                about=record.subject,
                recommended_action="read the evidence; ask the clearinghouse to send the file again",
                at=file.now,
                fields=record.reasons[:5],
            ),
        )
    file.records.commit(
        Commit(
            step=STEP,
            cause=file.cause,
            actor=Actor(STEP),
            at=file.now,
            root=record,
            decision=record.outcome,
            facts={"content_sha256": record.content_sha256, "duplicates": record.duplicates},
            also=works,
            events=tuple(opened(work) for work in works),
        )
    )


def _commit(
    file: _File,
    remittance: Remittance,
    decision: str,
    *,
    works: tuple[WorkItem, ...] = (),
    events: tuple[OutboundEvent, ...] = (),
) -> None:
    file.records.commit(
        Commit(
            step=STEP,
            cause=file.cause,
            actor=Actor(STEP),
            at=file.now,
            root=remittance,
            decision=decision,
            facts={
                "identity": remittance.header.identity,
                "claims": remittance.claims,
                "paid_cents": remittance.claims_paid_cents,
                "reasons": remittance.reasons,
            },
            also=works,
            events=events,
        )
    )
