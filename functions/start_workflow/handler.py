"""Receive the events of one inbox and start its workflow.

Reads   receipts of earlier deliveries, the keys of those who may sign.
Writes  receipts, repeats, refusals with their evidence.
Fails   per message: the queue delivers that one again, and after five times it is a dead letter.
"""

from typing import Any

from functions.billing.runtime import cold_start
from functions.billing.runtime.batches import BatchAnswer, each_record
from functions.billing.runtime.bootstrap import dependencies
from functions.billing.runtime.settings import setting
from functions.billing.usecases.receive_event import Delivery, receive_event


def lambda_handler(event: dict[str, Any], _context: object) -> BatchAnswer:
    """Each message by itself."""
    return each_record("start_workflow", event["Records"], _start)


def _start(record: Any) -> str:
    deps = dependencies()
    delivery = Delivery(
        body=record["body"],
        message_id=record["messageId"],
        is_dead_letter="reason_code" in record.get("messageAttributes", {}),
    )
    return receive_event(
        delivery,
        workflow=setting("WORKFLOW"),
        records=deps.records,
        evidence=deps.evidence,
        verifier=deps.verifier,
        workflows=deps.workflows,
        clock=deps.clock,
    )


cold_start.finish()
