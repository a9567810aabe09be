"""Publish the outbox: each event that a committed step left in the table's stream, signed.

Reads   lines of history from the stream; most have something to say.
Emits   their events.
Fails   from the first line the bus did not take: the stream delivers from there again, in order.
"""

from typing import Any

from functions.billing.adapters.codec import from_item
from functions.billing.domain.commit import HistoryEntry
from functions.billing.runtime import cold_start
from functions.billing.runtime.batches import BatchAnswer, answer, report
from functions.billing.runtime.bootstrap import dependencies
from functions.billing.runtime.observability import count_outcome, logger, meter
from functions.billing.usecases.publish_outbox import Waiting, publish_outbox

STEP = "publish_outbox"


def lambda_handler(event: dict[str, Any], _context: object) -> BatchAnswer:
    """The whole batch in as few calls as the bus allows."""
    lines = [record for record in event["Records"] if _is_line(record)]
    said = 0
    try:
        deps = dependencies()
        waiting = [_waiting(record) for record in lines]
        said = sum(len(one.line.events) for one in waiting)
        failed = publish_outbox(
            waiting, publisher=deps.publisher, signer=deps.signer, clock=deps.clock
        )
    except Exception as error:  # noqa: BLE001 the whole batch is answered for
        report(STEP, error)
        failed = tuple(record["dynamodb"]["SequenceNumber"] for record in lines)
    outcome = "unpublished" if failed else "published"
    logger.info("step done", step=STEP, outcome=outcome, events=said, usage=meter.take())
    count_outcome(STEP, outcome)
    return answer(failed[:1])


def _is_line(record: dict[str, Any]) -> bool:
    keys: dict[str, dict[str, str]] = record["dynamodb"]["Keys"]
    return record["eventName"] == "INSERT" and keys["sk"]["S"].startswith("HISTORY#")


def _waiting(record: dict[str, Any]) -> Waiting:
    change = record["dynamodb"]
    return Waiting(
        position=change["SequenceNumber"], line=from_item(HistoryEntry, change["NewImage"])
    )


cold_start.finish()
