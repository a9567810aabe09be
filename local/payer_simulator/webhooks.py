"""Webhooks as Stedi sends them, signed as Standard Webhooks 1.0 says: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.payer_simulator.records import Transaction


def signed_webhook(transaction: Transaction, secret: str, timestamp: int) -> dict[str, object]:
    """Write the call that announces a transaction: its headers and its body, ready to be sent."""
    identifier = "msg_" + hashlib.sha256(transaction.transaction_id.encode()).hexdigest()[:26]
    body = json.dumps(
        {
            "event": {
                "version": "0",
                "detail-type": "transaction.processed.v2",
                "source": "stedi.core",
                "detail": {
                    "transactionId": transaction.transaction_id,
                    "direction": transaction.direction,
                    "mode": "production",
                    "x12": {"transactionSetIdentifier": transaction.kind},
                },
            }
        },
        separators=(",", ":"),
    )
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{identifier}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
    return {
        "headers": {
            "webhook-id": identifier,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
        },
        "body": body,
    }
