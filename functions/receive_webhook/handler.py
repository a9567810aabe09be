"""Receive a webhook of the clearinghouse over the HTTP API.

Reads   the receipt of an earlier call with the same id; the secrets that hold now.
Writes  receipts, refusals with their evidence.
Fails   with 503 when an AWS service failed: the clearinghouse calls again.
"""

import base64
from typing import Any

from functions.billing.domain.errors import ContractError
from functions.billing.domain.intake.webhooks import Webhook
from functions.billing.runtime import cold_start
from functions.billing.runtime.batches import report
from functions.billing.runtime.bootstrap import dependencies
from functions.billing.runtime.observability import count_outcome, logger, meter
from functions.billing.usecases.receive_webhook import receive_webhook

STEP = "receive_webhook"
BODY_BYTES_MAX = 262_144
# What is refused is told no more than that: who forges must not learn how far they came.
STATUS = {"taken": 204, "repeated": 204, "refused": 401, "malformed": 400, "failed": 503}


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """One call."""
    logger.structure_logs(append=False)
    logger.append_keys(step=STEP, request_id=getattr(context, "aws_request_id", ""))
    try:
        outcome = _receive(event)
    except ContractError as error:
        report(STEP, error)
        outcome = "malformed"
    except Exception as error:  # noqa: BLE001 every error is answered for, without values
        report(STEP, error)
        outcome = "failed"
    logger.info("step done", outcome=outcome, usage=meter.take())
    count_outcome(STEP, outcome)
    return {"statusCode": STATUS[outcome]}


def _receive(event: dict[str, Any]) -> str:
    deps = dependencies()
    return receive_webhook(
        Webhook.of(event.get("headers") or {}, _body(event)),
        records=deps.records,
        evidence=deps.evidence,
        secrets=deps.webhook_secrets,
        clock=deps.clock,
    )


def _body(event: dict[str, Any]) -> bytes:
    text = str(event.get("body") or "")
    try:
        body = (
            base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode()
        )
    except ValueError:
        raise ContractError("webhook_body_invalid", detail="body") from None
    if len(body) > BODY_BYTES_MAX:
        raise ContractError("webhook_too_large", detail=f"at most {BODY_BYTES_MAX} bytes")
    return body


cold_start.finish()
