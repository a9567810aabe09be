"""Read an 835 file: keep it, tell new payments from copies, balance each, and write down where its batches lie.

Reads   the file as a stream, one claim in memory at a time; for a payment two persons released, the file as kept.
Writes  the file as evidence before anything else; a remittance for each payment; the manifest of its batches.
Emits   remittance.exception for what is kept aside; work_item.opened.
Fails   StaleRecordError (retry). What can't be read, doesn't balance or is marked test is never posted.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import BinaryIO

from functions.billing.domain.commit import Actor, Cause, Commit, OutboundEvent
from functions.billing.domain.errors import RecordNotFoundError, StaleRecordError
from functions.billing.domain.remittance.arrivals import Arrival, ContentDigest, classify_arrival
from functions.billing.domain.remittance.balance import (
    Imbalance,
    claim_differences,
    transaction_difference,
)
from functions.billing.domain.remittance.batches import Batch, BatchCutter, manifest_of
from functions.billing.domain.remittance.payments import (
    OTHER_CONTENT,
    TEST_INDICATOR,
    UNBALANCED,
    Remittance,
    RemittanceFile,
    RemittanceState,
    TracedPayment,
    file_id_of,
    quarantine_id,
    remittance_id,
)
from functions.billing.domain.remittance.records import BalanceDifference, RemittanceHeader
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.edi.remittance_835 import header_of, remitted_claim
from functions.billing.ports import Clock, Evidence, Intake, Records, StoredDocument
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
DIFFERENCES_SHOWN_MAX = 50
CLAIMS_NAMED_MAX = 1000
POSTED_WITHIN = timedelta(hours=1)
CHUNK_BYTES = 1 << 20

# What keeps a payment aside although all of it was understood.
_IDENTITY_REASONS = (TEST_INDICATOR, OTHER_CONTENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRemittance:
    """A file rests in the intake bucket; or a payment kept aside was released, and `remittance_id` names it."""

    file_key: str = ""
    remittance_id: str = ""

    def __post_init__(self) -> None:
        """Refuse a command that names nothing to read."""
        if not self.file_key and not self.remittance_id:
            raise ValueError("expected file_key or remittance_id")


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
    cutter: BatchCutter = field(default_factory=BatchCutter)
    claims: int = 0
    paid_cents: int = 0
    differences: list[BalanceDifference] = field(default_factory=list)
    imbalance: Imbalance = field(default_factory=Imbalance)
    claims_named: list[str] = field(default_factory=list)
    error: X12Error | None = None

    def take(self, claim: ClaimPayment) -> None:
        remitted = remitted_claim(claim)
        self.digest.add(remitted)
        self.differ(*claim_differences(remitted))
        if len(self.claims_named) < CLAIMS_NAMED_MAX:
            self.claims_named.append(remitted.patient_control_number)
        self.cutter.add(claim.ordinal, claim.byte_start, claim.byte_end)
        self.claims += 1
        self.paid_cents += remitted.paid_cents

    def differ(self, *found: BalanceDifference) -> None:
        """Places that do not add up: all are summed, the first are shown."""
        if found:
            self.imbalance = self.imbalance.with_differences(found)
            self.differences += found[: max(0, DIFFERENCES_SHOWN_MAX - len(self.differences))]


@dataclass(frozen=True, slots=True)
class _File:
    """The file being read, for every commit made of it."""

    file_id: str
    key: str
    evidence_key: str
    cause: Cause
    now: datetime
    records: Records


@dataclass(slots=True)
class _Sorted:
    """The payments of a file by what becomes of them, and the batches of those to be posted."""

    ready: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    kept_aside: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)

    def take(self, outcome: str, identifier: str, cutter: BatchCutter) -> None:
        match outcome:
            case "ready" if identifier in self.ready:
                self.duplicates.append(identifier)
            case "ready":
                self.ready.append(identifier)
                self.batches += cutter.batches(identifier)
            case "duplicate":
                self.duplicates.append(identifier)
            case _:
                self.kept_aside.append(identifier)

    @property
    def outcome(self) -> str:
        if self.ready:
            return "ready"
        if self.kept_aside:
            return "quarantined"
        return "duplicate" if self.duplicates else "refused"


def read_remittance(
    command: ReadRemittance, cause: Cause, ports: RemittanceFilePorts
) -> dict[str, object]:
    """`ready` with the number of batches and their manifest, or `duplicate`, `quarantined`, `refused`."""
    if command.remittance_id:
        return _read_released(command.remittance_id, ports)
    kept = _keep(command.file_key, ports)
    file = _File(
        file_id=file_id_of(kept.sha256),
        key=command.file_key,
        evidence_key=kept.key,
        cause=cause,
        now=ports.clock.now(),
        records=ports.records,
    )
    found = _Sorted()
    with ports.evidence.open(kept.key) as stream:
        for reading in _payments(stream, command.file_key):
            if isinstance(reading, X12Error):
                found.reasons.append(reading.code)
                found.faults.append(_fault(reading))
            else:
                found.take(*_settle(file, reading), reading.cutter)
    if not (found.ready or found.kept_aside or found.duplicates or found.reasons):
        found.reasons.append("file_empty")
    _close(
        file,
        RemittanceFile(
            file_id=file.file_id,
            file_key=command.file_key,
            content_sha256=kept.sha256,
            evidence_key=kept.key,
            received_at=file.now,
            outcome=found.outcome,
            reasons=tuple(found.reasons),
            faults=tuple(found.faults),
            remittance_ids=(*found.ready, *found.kept_aside),
            duplicates=tuple(found.duplicates),
        ),
    )
    return _answer(found, file.file_id, ports.evidence)


def _keep(key: str, ports: RemittanceFilePorts) -> StoredDocument:
    """The file as evidence, named by its content: whatever happens to it in the intake, this is what is posted."""
    digest = hashlib.sha256()
    with ports.intake.open(key) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    with ports.intake.open(key) as stream:
        kept = ports.evidence.keep(
            f"remittances/{file_id_of(digest.hexdigest())}.x12",
            stream,
            content_type="application/edi-x12",
        )
    if kept.sha256 != digest.hexdigest():
        raise StaleRecordError("file_changed_while_read", subject=f"document:{key}")
    return kept


def _answer(found: _Sorted, file_id: str, evidence: Evidence) -> dict[str, object]:
    """What the workflow needs to post the file: the manifest's name and its length, never the batches themselves."""
    manifest = manifest_of(found.batches)
    key = f"manifests/{file_id}/{hashlib.sha256(manifest).hexdigest()[:16]}.txt"
    if found.batches:
        evidence.keep(key, manifest, content_type="text/plain")
    return {
        "outcome": found.outcome,
        "file_id": file_id,
        "manifest_key": key if found.batches else "",
        "batches": len(found.batches),
        "remittances": found.ready,
    }


def _read_released(identifier: str, ports: RemittanceFilePorts) -> dict[str, object]:
    """Find a released payment in its file once more; what it says was settled when it was kept aside."""
    remittance = ports.records.get(Remittance, Remittance.key_of(identifier))
    if remittance is None or remittance.release is None:
        raise RecordNotFoundError("remittance_not_released", subject=f"remittance:{identifier}")
    found = _Sorted()
    if remittance.state is not RemittanceState.RECEIVED:
        found.duplicates.append(identifier)
        return _answer(found, remittance.file_id, ports.evidence)
    with ports.evidence.open(remittance.evidence_key) as stream:
        for reading in _payments(stream, remittance.file_key):
            if (
                isinstance(reading, _Reading)
                and reading.header.identity == remittance.header.identity
                and reading.digest.hexdigest() == remittance.content_digest
            ):
                found.take("ready", identifier, reading.cutter)
                break
    return _answer(found, remittance.file_id, ports.evidence)


def _payments(stream: BinaryIO, name: str) -> Iterator["_Reading | X12Error"]:
    """Each payment once its last segment was read, with its error if it breaks off.

    One that breaks before its header was whole is an error and nothing else: it has no identity to be kept under.
    """
    reading: _Reading | None = None
    for item in stream_835(stream, name=name):
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
            case Refusal() if reading and item.level == "transaction":
                reading.error = reading.error or item.error
                yield reading
                reading = None
            case Refusal():
                yield item.error


def _fault(error: X12Error) -> str:
    """Where it is and what was expected there; what stood there may be somebody's, and is left out."""
    parts = (
        f"ST {error.transaction}" if error.transaction else "",
        f"segment {error.segment_number}" if error.segment_number else "",
        error.element or error.segment_id,
    )
    return f"{', '.join(filter(None, parts)) or 'file'}: expected {error.expected}"


def _begin(envelope: Envelope, wire: WireHeader) -> _Reading:
    header = header_of(envelope, wire)
    return _Reading(envelope, wire, header, ContentDigest(header))


def _take(reading: _Reading, claim: ClaimPayment) -> None:
    """An amount that can't be read spoils its payment, and no other."""
    try:
        reading.take(claim)
    except X12Error as error:
        reading.error = reading.error or error


def _ended(reading: _Reading, end: RemittanceEnd) -> _Reading:
    """Provider-level adjustments come last in the file."""
    try:
        reading.header = header_of(reading.envelope, reading.wire, end)
    except X12Error as error:
        reading.error = reading.error or error
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
        reasons.append(TEST_INDICATOR)
    if arrival is Arrival.CONFLICT:
        reasons.append(OTHER_CONTENT)
    if reading.error:
        reasons.append(reading.error.code)
    whole = transaction_difference(reading.header, reading.paid_cents)
    if whole and not reading.error:
        reading.differ(whole)
    if not reading.imbalance.is_balanced:
        reasons.append(UNBALANCED)
    return tuple(reasons)


def _remittance(file: _File, reading: _Reading, digest: str, identifier: str) -> Remittance:
    wire: Separators = reading.envelope.interchange.separators
    return Remittance(
        remittance_id=identifier,
        file_id=file.file_id,
        file_key=file.key,
        evidence_key=file.evidence_key,
        header=reading.header,
        content_digest=digest,
        claims=reading.claims,
        claims_paid_cents=reading.paid_cents,
        batches=len(reading.cutter),
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
        faults=(_fault(reading.error),) if reading.error else (),
        differences=tuple(reading.differences),
        imbalance=reading.imbalance,
        claims_named=tuple(reading.claims_named),
        due_kind="",
        due_at=None,
    )
    work = _work_for(quarantined, file.now)
    event = OutboundEvent("remittance.exception", {"remittance_id": identifier, "reasons": reasons})
    copies = (TracedPayment.of(quarantined),) if quarantined.is_replaceable else ()
    _commit(
        file,
        quarantined,
        "quarantined",
        works=(work,),
        copies=copies,
        events=(event, opened(work)),
    )
    return identifier


def _action_on(quarantined: Remittance) -> str:
    if quarantined.is_releasable:
        return "compare the differences with the payment; ask for a corrected file, or release it with a reason"
    if TEST_INDICATOR in quarantined.reasons:
        return "a test (ISA15 = T) is never posted; if it is real, ask the clearinghouse for the production file"
    return "ask the clearinghouse to send the payment again; the file is kept as evidence"


def _work_for(quarantined: Remittance, now: datetime) -> WorkItem:
    """Differences are finance's to judge; what cannot be read is engineering's to have sent again."""
    is_readable = quarantined.reasons[0] in {UNBALANCED, *_IDENTITY_REASONS}
    imbalance = quarantined.imbalance
    return open_work_item(
        queue=Queue.FINANCE if is_readable else Queue.ENGINEERING,
        reason=f"remittance_{quarantined.reasons[0]}",
        about=quarantined.subject,
        recommended_action=_action_on(quarantined),
        at=now,
        fields=(
            *quarantined.faults,
            *(() if imbalance is None or imbalance.is_balanced else imbalance.levels),
            *(
                f"{each.level} {each.place}: {each.difference_cents} cents"
                for each in quarantined.differences[:5]
            ),
        ),
        amount_cents=quarantined.header.total_paid_cents,
    )


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
                fields=(record.faults or record.reasons)[:5],
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
    copies: tuple[TracedPayment, ...] = (),
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
            new=copies,
            also=works,
            events=events,
        )
    )
