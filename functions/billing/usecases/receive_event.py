"""Receive one event from an inbox: act upon it, absorb it as a repeat, or refuse it and keep the evidence.

Reads   the receipt of an earlier delivery.
Writes  a receipt, a repeat, or a refusal with its work item for engineering.
Starts  this inbox's workflow.
Fails   nothing for bad events: they are refused; infrastructure errors pass through, so the queue redelivers.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from functions.billing.domain.commit import Actor, Cause, Commit
from functions.billing.domain.errors import ContractError, SignatureError
from functions.billing.domain.events.contracts import INBOUND, OUTBOUND, Envelope
from functions.billing.domain.events.envelope import (
    SIGNATURE_AGE_MAX,
    SIGNED_FIELDS,
    canonical_json,
    signed_bytes,
)
from functions.billing.domain.events.receipts import EventReceipt, RefusedEvent, RepeatedEvent
from functions.billing.domain.keys import derived_id
from functions.billing.domain.work_items import Queue, open_work_item
from functions.billing.ports import Clock, Evidence, Records, Verifier, Workflows
from functions.billing.usecases.events import opened

STEP = "receive_event"
OUR_PRODUCER = "billing"
S3_SOURCE = "aws.s3"
SCHEDULE_SOURCE = "billing.schedule"

FILE_EVENTS = {
    "remittances/": "remittance.received",
    "acknowledgements/": "acknowledgement.received",
    "deposits/": "deposits.received",
}
SCHEDULED_EVENTS = frozenset(
    {
        "listing.due",
        "outage.due",
        "recheck.due",
        "reconciliation.due",
        "rollout.due",
        "submissions.due",
    }
)

# Execution names may hold 80 characters of this alphabet.
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")
NAME_LENGTH_MAX = 80
_IDENTIFIER = re.compile(r"[A-Za-z0-9._:\-/|]{1,128}")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of an inbox queue. `is_dead_letter` marks one redriven after its workflow failed."""

    body: str
    message_id: str
    is_dead_letter: bool


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """An event that passed every check of form and origin."""

    event_id: str
    type: str
    correlation_id: str
    occurred_at: str
    data: Mapping[str, Any]
    content_sha256: str


def receive_event(
    delivery: Delivery,
    *,
    workflow: str,
    records: Records,
    evidence: Evidence,
    verifier: Verifier,
    workflows: Workflows,
    clock: Clock,
) -> str:
    """`started`, `absorbed` or `refused`."""
    now = clock.now()
    try:
        event = read_event(delivery.body, verifier)
        known = records.get(EventReceipt, EventReceipt.key_of(workflow, event.event_id))
        if known and known.content_sha256 != event.content_sha256:
            raise ContractError(  # noqa: TRY301 refused like any other broken promise
                "event_id_reused", detail="the id was used before with other content"
            )
    except (ContractError, SignatureError) as refusal:
        return _refuse(
            delivery, refusal, workflow=workflow, records=records, evidence=evidence, now=now
        )
    if known and not delivery.is_dead_letter:
        records.remember(
            RepeatedEvent(
                workflow=workflow,
                event_id=event.event_id,
                event_type=event.type,
                message_id=delivery.message_id,
                received_at=now,
            )
        )
        return "absorbed"
    workflows.start(_execution_name(event, delivery), _payload(event, delivery))
    # Started first, remembered after: a crash between the two starts the workflow twice, and its steps absorb that.
    # The other order would lose the event.
    records.remember(
        EventReceipt(
            workflow=workflow,
            event_id=event.event_id,
            event_type=event.type,
            content_sha256=event.content_sha256,
            received_at=now,
        )
    )
    return "started"


def read_event(body: str, verifier: Verifier) -> ReceivedEvent:
    """The event in a message, with form, version, signature and age checked.

    Raises
    ------
    ContractError
        If it breaks its contract; the detail names the field.
    SignatureError
        If it is unsigned, altered, replayed, or signed by someone who may not say this.
    """
    message = _object(body)
    source = str(message.get("source", ""))
    if source == S3_SOURCE:
        return _file_event(message)
    if source == SCHEDULE_SOURCE:
        return _scheduled_event(message)
    return _business_event(message, verifier)


def _object(body: str) -> Mapping[str, Any]:
    try:
        message = json.loads(body)
        canonical_json(message)
    except (ValueError, RecursionError):
        raise ContractError("event_not_json", detail="expected a JSON object") from None
    if not isinstance(message, dict):
        raise ContractError("event_not_object", detail="expected a JSON object")
    return message


def _file_event(message: Mapping[str, Any]) -> ReceivedEvent:
    """A file was dropped. Its origin is vouched for by the bucket's policy, its identity by key and entity tag."""
    try:
        item = message["detail"]["object"]
        key, tag = str(item["key"]), str(item.get("version-id") or item["etag"])
    except (KeyError, TypeError):
        raise ContractError("event_field_missing", detail="detail.object.key") from None
    type_ = next((name for prefix, name in FILE_EVENTS.items() if key.startswith(prefix)), None)
    if type_ is None:
        raise ContractError(
            "event_type_unknown", detail="detail.object.key is under no watched prefix"
        )
    identifier = derived_id("file_", key, tag, length=26)
    return ReceivedEvent(
        identifier, type_, identifier, str(message.get("time", "")), {"file_key": key}, identifier
    )


def _scheduled_event(message: Mapping[str, Any]) -> ReceivedEvent:
    type_, time = str(message.get("detail-type", "")), str(message.get("time", ""))
    if type_ not in SCHEDULED_EVENTS or not time:
        raise ContractError("event_type_unknown", detail="detail-type")
    identifier = derived_id("due_", type_, time, length=26)
    return ReceivedEvent(identifier, type_, identifier, time, {}, identifier)


def _business_event(message: Mapping[str, Any], verifier: Verifier) -> ReceivedEvent:
    detail: Mapping[str, Any] = message.get("detail") or {}
    try:
        envelope = Envelope.model_validate_json(canonical_json(detail), strict=True)
    except ValidationError as error:
        missing_signature = any(
            problem["loc"] == ("signature",) for problem in error.errors(include_input=False)
        )
        if missing_signature:
            raise SignatureError("signature_missing", detail="detail.signature") from None
        raise ContractError("envelope_invalid", detail=_where(error, "detail")) from None
    _check_signature(envelope, detail, str(message.get("time", "")), verifier)
    if message.get("detail-type") != envelope.type:
        raise ContractError("event_type_mismatch", detail="detail-type and detail.type differ")
    contract = (OUTBOUND if envelope.producer == OUR_PRODUCER else INBOUND).get(envelope.type)
    if contract is None:
        raise ContractError("event_type_unknown", detail="detail.type")
    if envelope.version != contract.event_version:
        raise ContractError("event_version_unknown", detail="detail.version")
    try:
        contract.model_validate_json(canonical_json(envelope.data), strict=True)
    except ValidationError as error:
        raise ContractError("payload_invalid", detail=_where(error, "detail.data")) from None
    # Published again, an event is signed anew: when, and with which key, is no part of what it says.
    said = {name: detail[name] for name in SIGNED_FIELDS if name not in {"signed_at", "key_id"}}
    content = hashlib.sha256(canonical_json(said)).hexdigest()
    occurred_at = envelope.occurred_at.astimezone(UTC).isoformat()
    return ReceivedEvent(
        envelope.id, envelope.type, envelope.correlation_id, occurred_at, envelope.data, content
    )


def _check_signature(
    envelope: Envelope, detail: Mapping[str, Any], taken_at: str, verifier: Verifier
) -> None:
    if verifier.producer_of(envelope.key_id) != envelope.producer:
        raise SignatureError("signing_key_unknown", detail="detail.key_id")
    if not verifier.verify(envelope.key_id, signed_bytes(detail), envelope.signature):
        raise SignatureError("signature_invalid", detail="detail.signature")
    taken: datetime | None
    try:
        taken = datetime.fromisoformat(taken_at)
    except ValueError:
        taken = None
    if taken is None or taken.tzinfo is None:
        raise ContractError("event_time_missing", detail="time")
    if abs(taken.astimezone(UTC) - envelope.signed_at) > SIGNATURE_AGE_MAX:
        raise SignatureError("signature_too_old", detail="detail.signed_at")


def _where(error: ValidationError, root: str) -> str:
    """Paths and kinds of what is wrong; pydantic is told to hide the values."""
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(
        f"{'.'.join([root, *map(str, problem['loc'])])}: {problem['type']}"
        for problem in problems[:5]
    )


def _execution_name(event: ReceivedEvent, delivery: Delivery) -> str:
    name = f"{event.type}-{event.event_id}"
    if delivery.is_dead_letter:
        name = f"{name[:60]}-again-{delivery.message_id[:12]}"
    return _NOT_IN_NAMES.sub("-", name)[:NAME_LENGTH_MAX]


def _payload(event: ReceivedEvent, delivery: Delivery) -> dict[str, Any]:
    return {
        "cause_id": event.event_id,
        "cause_type": event.type,
        "correlation_id": event.correlation_id,
        "data": {**event.data, "occurred_at": event.occurred_at},
        "event": delivery.body,
    }


def _refuse(
    delivery: Delivery,
    refusal: ContractError | SignatureError,
    *,
    workflow: str,
    records: Records,
    evidence: Evidence,
    now: datetime,
) -> str:
    body = delivery.body.encode()
    digest = hashlib.sha256(body).hexdigest()
    if records.get(RefusedEvent, RefusedEvent.key_of(digest)):
        return "refused"
    stored = evidence.keep(f"refused-events/{digest}.json", body, content_type="application/json")
    type_, claimed = _claimed(delivery.body)
    refused = RefusedEvent(
        content_sha256=digest,
        workflow=workflow,
        event_type=type_,
        claimed_id=claimed,
        reason=refusal.code,
        field_path=refusal.detail,
        evidence_key=stored.key,
        received_at=now,
    )
    work = open_work_item(
        queue=Queue.ENGINEERING,
        reason=refusal.code,
        about=refused.subject,
        recommended_action="ask the producer to mend and publish the event again; the refused one is kept as evidence",
        at=now,
        fields=(refusal.detail,),
    )
    cause = Cause(derived_id("evt_", digest), type_ or "unknown", derived_id("evt_", digest))
    records.commit(
        Commit(
            step=STEP,
            cause=cause,
            actor=Actor(STEP),
            at=now,
            root=refused,
            decision="refused",
            facts={"reason": refusal.code},
            also=(work,),
            events=(opened(work),),
        )
    )
    return "refused"


def _claimed(body: str) -> tuple[str, str]:
    """What the event says it is: a type we know and an id of the right form, else nothing. None of it is trusted."""
    try:
        message = json.loads(body)
        type_, claimed = message.get("detail-type"), message.get("detail", {}).get("id")
    except (ValueError, AttributeError, RecursionError):
        return "", ""
    known = isinstance(type_, str) and type_ in {*INBOUND, *OUTBOUND, *SCHEDULED_EVENTS}
    named = isinstance(claimed, str) and _IDENTIFIER.fullmatch(claimed)
    return type_ if known else "", claimed if named else ""
