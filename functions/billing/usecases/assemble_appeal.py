"""Gather the documents of one level of an appeal into a packet.

Reads   the denial, the claim's frozen submissions, acknowledgements and remittance evidence.
Writes  the manifest as evidence, the appeal as ready, or work for what is missing.
Emits   work_item.opened.
Fails   StaleRecordError (retry).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time

from functions.billing.domain.appeals.case import Appeal
from functions.billing.domain.appeals.deadlines import work_by
from functions.billing.domain.appeals.packet import (
    AppealDocuments,
    DocumentRole,
    Manifest,
    PacketDocument,
    appeal_documents,
    packet_manifest,
)
from functions.billing.domain.appeals.states import AppealState, require_move
from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.revisions import StoredContent
from functions.billing.domain.commit import Actor, Cause, Commit
from functions.billing.domain.denials.buckets import Bucket
from functions.billing.domain.denials.case import DenialCase
from functions.billing.domain.encounters import BillingEncounter
from functions.billing.domain.errors import RecordNotFoundError
from functions.billing.domain.events.envelope import canonical_json
from functions.billing.domain.keys import derived_id
from functions.billing.domain.remittance.payments import Remittance, RemittanceFile
from functions.billing.domain.submission.acknowledgement import (
    Acknowledgement,
    AcknowledgementFile,
    AckVerdict,
)
from functions.billing.domain.submission.attempt import Attempt
from functions.billing.domain.submission.claim_file import ClaimFile
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.ports import Clock, Evidence, Records, RuleSets, StoredDocument
from functions.billing.usecases.events import opened

STEP = "assemble_appeal"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssembleAppeal:
    """Assemble this appeal's current level."""

    appeal_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealPorts:
    """What assembling needs of the world."""

    records: Records
    evidence: Evidence
    rule_sets: RuleSets
    clock: Clock


def assemble_appeal(command: AssembleAppeal, cause: Cause, ports: AppealPorts) -> dict[str, object]:
    """`ready`, or `incomplete` with work for each missing document."""
    appeal = ports.records.get(Appeal, Appeal.key_of(command.appeal_id))
    case = ports.records.get(DenialCase, DenialCase.key_of(appeal.denial_id)) if appeal else None
    claim = ports.records.get(Claim, Claim.key_of(appeal.claim_id)) if appeal else None
    if appeal is None or case is None or claim is None:
        raise RecordNotFoundError("appeal_not_found", subject=f"appeal:{command.appeal_id}")
    if appeal.state is not AppealState.OPENED:
        return {"outcome": "ready", "appeal_id": appeal.appeal_id}
    now = ports.clock.now()
    required = ports.rule_sets.active("appeals", appeal_documents)
    letter = _cover_letter(appeal, case, claim)
    kept = ports.evidence.keep(
        f"appeals/{appeal.appeal_id}/{appeal.level}/letter.txt", letter, content_type="text/plain"
    )
    documents = [
        _kept(DocumentRole.COVER_LETTER, kept),
        *_documents(ports, appeal, claim, case),
    ]
    bucket = Bucket(case.bucket) if case.bucket in set(Bucket) else None
    manifest = packet_manifest(
        appeal_id=appeal.appeal_id,
        claim_id=claim.claim_id,
        payer_id=appeal.payer_id,
        payer_claim_number=case.payer_claim_control_number,
        level=appeal.level,
        deadline=appeal.deadline,
        documents=documents,
        needed=required.needed(bucket),
    )
    if not manifest.is_complete:
        return _report_missing(ports.records, appeal, manifest, required, cause, now)
    body = canonical_json(manifest.as_json())
    packet = ports.evidence.keep(
        f"appeals/{appeal.appeal_id}/{appeal.level}/packet-{manifest.sha256[:16]}.json",
        body,
        content_type="application/json",
    )
    require_move(appeal.appeal_id, appeal.state, AppealState.READY)
    ready = replace(
        appeal, state=AppealState.READY, packet_key=packet.key, packet_sha256=manifest.sha256
    )
    ports.records.commit(
        Commit(
            step=STEP,
            cause=cause,
            actor=Actor(STEP),
            at=now,
            root=ready,
            decision="ready",
            facts={
                "level": appeal.level,
                "packet_sha256": manifest.sha256,
                "documents": len(documents),
            },
        )
    )
    return {"outcome": "ready", "appeal_id": appeal.appeal_id}


def _cover_letter(appeal: Appeal, case: DenialCase, claim: Claim) -> bytes:
    """The letter's facts: identifiers, codes and amounts. A person adds the argument where one is needed."""
    codes = sorted(
        {f"{each.group}-{each.reason}" for line in case.lines for each in line.adjustments}
    )
    lines = (
        f"Appeal {appeal.appeal_id}, level {appeal.level}",
        f"Payer claim control number: {case.payer_claim_control_number}",
        f"Patient control number: {claim.patient_control_number}",
        f"Date of service: {claim.service_on.isoformat()}",
        f"Denied: {case.amount_cents} cents with {', '.join(codes)}, classified as {case.bucket}.",
        "The enclosed documents support payment as billed. Each is listed with its SHA-256 in the manifest.",
    )
    return "\n".join(lines).encode()


def _documents(
    ports: AppealPorts, appeal: Appeal, claim: Claim, case: DenialCase
) -> Iterable[PacketDocument]:
    """What already rests as evidence, each under its role."""
    records, partition = ports.records, claim.key.partition
    for attempt in records.under(Attempt, partition, "ATTEMPT#"):
        if attempt.file_id:
            yield from _out_of_its_file(ports, appeal, attempt)
        else:
            yield _document(ports.evidence, DocumentRole.CLAIM, attempt.body_key)
    accepted = (
        ack
        for ack in records.under(Acknowledgement, partition, "ACK#")
        if ack.verdict in {AckVerdict.ACCEPTED, AckVerdict.RECEIVED}
    )
    for file_id in dict.fromkeys(ack.file_id for ack in accepted):
        file = records.get(AcknowledgementFile, AcknowledgementFile.key_of(file_id))
        if file:
            yield _document(ports.evidence, DocumentRole.PROOF_OF_FILING, file.evidence_key)
    identity = case.occurrence.rpartition("|")[0].rpartition("|")[0]
    remittance = records.get(Remittance, Remittance.key_of(derived_id("R", identity)))
    if remittance:
        file_key = RemittanceFile.key_of(remittance.file_id, remittance.file_key)
        remitted = records.get(RemittanceFile, file_key)
        if remitted:
            yield _document(ports.evidence, DocumentRole.REMITTANCE, remitted.evidence_key)
    yield from _clinical(ports, claim)


def _out_of_its_file(
    ports: AppealPorts, appeal: Appeal, attempt: Attempt
) -> Iterable[PacketDocument]:
    """The claim as it went with others, who are nobody's business here."""
    file = ports.records.get(ClaimFile, ClaimFile.key_of(attempt.file_id))
    if file is None or not file.body_key:
        return
    # Imported here: few appeals are about a claim that went with others.
    from functions.billing.edi.excerpts import transaction_alone  # noqa: PLC0415

    sent = ports.evidence.fetch(file.body_key)
    kept = ports.evidence.keep(
        f"appeals/{appeal.appeal_id}/{appeal.level}/claim-{attempt.number:03d}.x12",
        transaction_alone(sent, attempt.transaction_control_number),
        content_type="application/edi-x12",
    )
    yield _kept(DocumentRole.CLAIM, kept)


def _clinical(ports: AppealPorts, claim: Claim) -> Iterable[PacketDocument]:
    """The encounter's own document stays in the EHR's drop; the packet refers to it by hash."""
    encounter = ports.records.get(BillingEncounter, BillingEncounter.key_of(claim.encounter_id))
    if encounter:
        yield PacketDocument(
            role=DocumentRole.MEDICAL_RECORD,
            key=encounter.document_key,
            sha256=encounter.document_sha256,
            size_bytes=0,
        )
    stored = ports.records.get(StoredContent, StoredContent.key_of(claim.claim_id, claim.revision))
    if stored and stored.content.authorizations and encounter:
        yield PacketDocument(
            role=DocumentRole.AUTHORIZATION,
            key=encounter.document_key,
            sha256=encounter.document_sha256,
            size_bytes=0,
        )


def _kept(role: DocumentRole, kept: StoredDocument) -> PacketDocument:
    return PacketDocument(role=role, key=kept.key, sha256=kept.sha256, size_bytes=kept.size_bytes)


def _document(evidence: Evidence, role: DocumentRole, key: str) -> PacketDocument:
    body = evidence.fetch(key)
    return PacketDocument(
        role=role, key=key, sha256=hashlib.sha256(body).hexdigest(), size_bytes=len(body)
    )


def _report_missing(
    records: Records,
    appeal: Appeal,
    manifest: Manifest,
    required: AppealDocuments,
    cause: Cause,
    now: datetime,
) -> dict[str, object]:
    due = (
        work_by(manifest.deadline, required.lead_days, today=now.date())
        if manifest.deadline
        else None
    )
    work = replace(
        open_work_item(
            queue=Queue.BILLING,
            reason="appeal_documents_missing",
            about=appeal.subject,
            recommended_action="add the missing documents to the encounter; the packet is assembled again by itself",
            at=now,
            fields=manifest.missing,
            payer_id=appeal.payer_id,
            amount_cents=appeal.amount_cents,
            occurrence=str(appeal.level),
        ),
        due_at=datetime.combine(due, time(17), UTC) if due else None,
    )
    if records.get(WorkItem, work.key) is None:
        records.commit(
            Commit(
                step=STEP,
                cause=cause,
                actor=Actor(STEP),
                at=now,
                root=appeal,
                decision="incomplete",
                facts={"missing": manifest.missing, "level": appeal.level},
                also=(work,),
                events=(opened(work),),
            )
        )
    return {"outcome": "incomplete", "appeal_id": appeal.appeal_id}
