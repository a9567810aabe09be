"""The logger, the metrics, and the meter: made once, shared by every step.

Nothing here takes free text from a record. Log lines carry identifiers, codes, counts and durations; metric
dimensions are the step and its outcome, never a payer, a patient or a claim.
"""

import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger()
metrics = Metrics()


class UsageMeter:
    """Counts what a run of a step cost: DynamoDB capacity as the service reports it, and calls by service."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def watch(self, client: Any) -> Any:
        """Count every call of a boto3 client from now on; the client is returned."""
        service = client.meta.service_model.service_name
        events = client.meta.events
        if service == "dynamodb":
            events.register("provide-client-params.dynamodb.*", _ask_for_capacity)
        events.register(f"after-call.{service}.*", self._count)
        return client

    def _count(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        service, operation = model.service_model.service_name, model.name
        self.counts[f"{service}.{operation}"] += 1
        consumed = parsed.get("ConsumedCapacity", [])
        for entry in consumed if isinstance(consumed, list) else [consumed]:
            kind = "read_units" if operation in {"GetItem", "Query"} else "write_units"
            # Capacity comes in halves; tenths keep it an integer.
            self.counts[kind + "_tenths"] += round(entry.get("CapacityUnits", 0) * 10)

    def take(self) -> dict[str, int]:
        """The counts since the last take."""
        counts = dict(self.counts)
        self.counts.clear()
        return counts


def _ask_for_capacity(params: dict[str, Any], model: Any, **_: Any) -> None:
    if "ReturnConsumedCapacity" in model.input_shape.members:
        params.setdefault("ReturnConsumedCapacity", "TOTAL")


meter = UsageMeter()


def count_outcome(step: str, outcome: str) -> None:
    """One run of a step, by how it ended."""
    with_step = Metrics(namespace=metrics.namespace, service=step)
    with_step.add_dimension(name="outcome", value=outcome)
    with_step.add_metric(name="StepRuns", unit=MetricUnit.Count, value=1)
    with_step.flush_metrics()


def show_count(step: str, name: str, value: int) -> None:
    """How many of something a run of a step found; a zero is shown too, so that a graph has no holes."""
    shown = Metrics(namespace=metrics.namespace, service=step)
    shown.add_metric(name=name, unit=MetricUnit.Count, value=value)
    shown.flush_metrics()


def show_kpis(step: str, totals: Mapping[str, Sequence[int]]) -> None:
    """Each KPI's total as one metric; what could not be measured shows nothing rather than a zero."""
    shown = Metrics(namespace=metrics.namespace, service=step)
    for name, (numerator, denominator) in totals.items():
        if denominator:
            shown.add_metric(name=name, unit=MetricUnit.NoUnit, value=numerator / denominator)
    shown.flush_metrics()


def frames_of(error: BaseException) -> list[str]:
    """Where an error arose, without any value: `module:line function`."""
    return [
        f"{frame.filename.rpartition('/functions/')[2]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
