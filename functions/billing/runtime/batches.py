"""What the two batch functions have in common: one bad record must not hold up its neighbours."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from functions.billing.domain.errors import BillingError
from functions.billing.runtime.observability import count_outcome, frames_of, logger, meter
from functions.billing.runtime.step import without_values

BatchAnswer = dict[str, list[dict[str, str]]]


def each_record(
    step: str, records: Sequence[Mapping[str, Any]], act: Callable[[Mapping[str, Any]], str]
) -> BatchAnswer:
    """Act on each record; those that failed are answered for, so that the queue delivers only them again."""
    failed: list[str] = []
    for record in records:
        logger.structure_logs(append=False)
        logger.append_keys(step=step, message_id=record["messageId"])
        try:
            outcome = act(record)
        except Exception as error:  # noqa: BLE001 the record is answered for, and the error logged without values
            outcome = report(step, error).code
            failed.append(record["messageId"])
        logger.info("step done", outcome=outcome, usage=meter.take())
        count_outcome(step, outcome)
    return answer(failed)


def report(step: str, error: Exception) -> BillingError:
    """Log an error without values and return it in that form."""
    clean = without_values(error)
    logger.error(
        "step failed", step=step, code=clean.code, subject=clean.subject, frames=frames_of(error)
    )
    return clean


def answer(failed: Iterable[str]) -> BatchAnswer:
    """Lambda's partial batch answer."""
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in failed]}
