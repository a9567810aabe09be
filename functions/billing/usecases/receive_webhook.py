"""Receive a call of the clearinghouse: a hint to look at its list now, and nothing more.

What the call says is not read: the list is the authority, so a forged or lost call can neither invent nor hide a file.

Reads   the receipt of an earlier call with the same id.
Writes  the receipt, or the refusal with its evidence and work for engineering.
Emits   transaction.announced, work_item.opened.
Fails   StaleRecordError (the clearinghouse calls again).
"""

import hashlib
from datetime import datetime

from functions.billing.domain.commit import Actor, Cause, Commit, OutboundEvent
from functions.billing.domain.errors import SignatureError
from functions.billing.domain.intake.webhooks import (
    ReceivedWebhook,
    RefusedWebhook,
    Webhook,
    check_webhook,
    signed_at,
)
from functions.billing.domain.keys import derived_id
from functions.billing.domain.work_items import Queue, open_work_item
from functions.billing.ports import Clock, Evidence, Records, WebhookSecrets
from functions.billing.usecases.events import opened
from functions.billing.usecases.work import not_yet_known

STEP = "receive_webhook"


def receive_webhook(
    webhook: Webhook,
    *,
    records: Records,
    evidence: Evidence,
    secrets: WebhookSecrets,
    clock: Clock,
) -> str:
    """`taken`, `repeated` or `refused`."""
    now = clock.now()
    try:
        check_webhook(webhook, secrets.current(), now=now)
    except SignatureError as refusal:
        _refuse(webhook, refusal, records=records, evidence=evidence, now=now)
        return "refused"
    if records.get(ReceivedWebhook, ReceivedWebhook.key_of(webhook.identifier)):
        return "repeated"
    identifier = derived_id("hook_", webhook.identifier, length=26)
    records.commit(
        Commit(
            step=STEP,
            cause=Cause(identifier, "webhook", identifier),
            actor=Actor("clearinghouse"),
            at=now,
            root=ReceivedWebhook(
                identifier=webhook.identifier,
                content_sha256=hashlib.sha256(webhook.body).hexdigest(),
                signed_at=signed_at(webhook),
                received_at=now,
            ),
            decision="taken",
            events=(OutboundEvent("transaction.announced", {"webhook_id": webhook.identifier}),),
        )
    )
    return "taken"


def _refuse(
    webhook: Webhook,
    refusal: SignatureError,
    *,
    records: Records,
    evidence: Evidence,
    now: datetime,
) -> None:
    """Keep it whole. Many forged calls of one day are one piece of work, so that nobody can flood the queue."""
    raw = webhook.raw()
    digest = hashlib.sha256(raw).hexdigest()
    if records.get(RefusedWebhook, RefusedWebhook.key_of(digest)):
        return
    kept = evidence.keep(f"refused-webhooks/{digest}.txt", raw, content_type="text/plain")
    work = open_work_item(
        queue=Queue.ENGINEERING,
        reason=refusal.code,
        about="clearinghouse:webhook",
        recommended_action="compare the secret with the clearinghouse's; the refused calls are kept as evidence",
        at=now,
        occurrence=f"{now:%Y-%m-%d}",
    )
    works = not_yet_known(records, work)
    cause_id = derived_id("hook_", digest, length=26)
    records.commit(
        Commit(
            step=STEP,
            cause=Cause(cause_id, "webhook", cause_id),
            actor=Actor(STEP),
            at=now,
            root=RefusedWebhook(
                content_sha256=digest,
                reason=refusal.code,
                evidence_key=kept.key,
                received_at=now,
            ),
            decision="refused",
            facts={"reason": refusal.code},
            also=works,
            events=tuple(map(opened, works)),
        )
    )
