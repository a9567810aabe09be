"""Publish the outbox: each event that a committed step left in the table's stream, signed.

Reads   inserted outbox records from the stream.
Emits   their events.
Fails   from the first record the bus did not take: the stream delivers from there again, in order.
"""

from typing import Any

from functions.billing.adapters.codec import plain_value, typed_fields
from functions.billing.runtime import cold_start
from functions.billing.runtime.batches import BatchAnswer, answer, report
from functions.billing.runtime.bootstrap import dependencies
from functions.billing.runtime.observability import count_outcome, logger, meter
from functions.billing.usecases.publish_outbox import OutboxRecord, publish_outbox

STEP = "publish_outbox"


def lambda_handler(event: dict[str, Any], _context: object) -> BatchAnswer:
    """The whole batch in as few calls as the bus allows."""
    outbox = [record for record in event["Records"] if _is_outbox(record)]
    try:
        deps = dependencies()
        waiting = [_waiting(record) for record in outbox]
        failed = publish_outbox(
            waiting, publisher=deps.publisher, signer=deps.signer, clock=deps.clock
        )
    except Exception as error:  # noqa: BLE001 the whole batch is answered for
        report(STEP, error)
        failed = tuple(record["dynamodb"]["SequenceNumber"] for record in outbox)
    outcome = "unpublished" if failed else "published"
    logger.info("step done", step=STEP, outcome=outcome, events=len(outbox), usage=meter.take())
    count_outcome(STEP, outcome)
    return answer(failed[:1])


def _is_outbox(record: dict[str, Any]) -> bool:
    keys: dict[str, dict[str, str]] = record["dynamodb"]["Keys"]
    return record["eventName"] == "INSERT" and keys["sk"]["S"].startswith("OUTBOX#")


def _waiting(record: dict[str, Any]) -> OutboxRecord:
    image = {name: plain_value(value) for name, value in record["dynamodb"]["NewImage"].items()}
    return typed_fields(OutboxRecord, {**image, "position": record["dynamodb"]["SequenceNumber"]})


cold_start.finish()
