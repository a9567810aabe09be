"""What a run used of AWS, counted from logs, executions and the bus, and what that would cost.

Counts are of the run. Durations are not: two cores that start thirty functions at once say nothing
about Lambda, so a run of a function is taken as 120 ms, and one in a hundred as 600 ms longer for its
cold start; a wait is taken as long as it is on AWS. Storage, idle polling and fixed prices are not
in the figure.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from typing import Any

from functions.billing.domain.kpis.cost import CostReport, UsageCounts, cost_of
from local.bus import Tap
from local.cloud import Cloud
from local.run_report import CostLine

_REPORT = re.compile(r"Billed Duration: \d+ ms\tMemory Size: (\d+) MB")
_COLD_STARTS = Decimal(1) / 100
_INVOCATION_SECONDS = Decimal("0.120") + Decimal("0.600") * _COLD_STARTS
_STANDARD = frozenset({"Remittance"})
# Until the clearinghouse's own list is sure to show a claim: the default of infra/settings.py, and one. A submission
# waits that long once: a second time would outlast its limit, so on AWS it is left to the sweep.
_WAIT_SECONDS = Decimal(76)
# An Express workflow is billed in steps of 100 ms and 64 MB; ours stay within the first 64 MB.
_EXPRESS_STEP_SECONDS = Decimal("0.1")
_EXPRESS_GB = Decimal(64) / Decimal(1024)


@dataclass(slots=True, kw_only=True)
class Logs:
    """Every line the functions wrote."""

    lines: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, cloud: Cloud) -> "Logs":
        """Read the log groups of all functions."""
        client = cloud.aws.client("lambda")

        def read_one(name: str) -> tuple[str, list[str]]:
            function = cloud.deployment.functions[name]
            configuration = client.get_function_configuration(FunctionName=function)
            return name, list(_messages(cloud, configuration["LoggingConfig"]["LogGroup"]))

        with ThreadPoolExecutor(max_workers=4) as pool:
            return cls(lines=dict(pool.map(read_one, cloud.deployment.functions)))

    def all_lines(self) -> Iterator[str]:
        """Every line of every function."""
        for lines in self.lines.values():
            yield from lines

    def steps_done(self) -> Iterator[dict[str, Any]]:
        """The lines with which steps report what they did."""
        for line in self.all_lines():
            if '"step done"' in line:
                yield json.loads(line)


def _messages(cloud: Cloud, group: str) -> Iterator[str]:
    client = cloud.aws.client("logs")
    try:
        for page in client.get_paginator("filter_log_events").paginate(logGroupName=group):
            for event in page["events"]:
                yield event["message"]
    except client.exceptions.ResourceNotFoundException:
        return


def count_usage(cloud: Cloud, logs: Logs, tap: Tap) -> UsageCounts:
    """Count what AWS would charge for."""
    calls: Counter[str] = Counter()
    for line in logs.steps_done():
        calls.update(line.get("usage", {}))
    reports = [match for line in logs.all_lines() if (match := _REPORT.search(line))]
    express, standard = _executions(cloud)
    starts = sum(
        sum(1 for line in lines if _REPORT.search(line))
        for name, lines in logs.lines.items()
        if name.startswith("Start")
    )
    hearing = sum(
        sum(1 for line in lines if _REPORT.search(line))
        for lines in logs.lines.values()
        if any('"appconfigdata.' in line for line in lines)
    )
    events = [one for one in tap.heard if one.source != "aws.s3"]
    return UsageCounts(
        transitions=standard.transitions,
        express_requests=express.count + standard.children,
        express_gb_seconds=express.gb_seconds,
        invocations=len(reports),
        lambda_gb_seconds=sum(
            (_INVOCATION_SECONDS * Decimal(one[1]) / Decimal(1024) for one in reports), Decimal(0)
        ),
        write_units=Decimal(calls["write_units_tenths"]) / 10,
        read_units=Decimal(calls["read_units_tenths"]) / 10,
        events=len(events),
        # One to put a message into an inbox, and one each to receive and delete a batch.
        queue_requests=express.count + standard.count + 2 * starts,
        object_puts=calls["s3.PutObject"],
        object_gets=calls["s3.GetObject"],
        # The bus encrypts each event with our key; tables, queues and buckets keep data keys.
        key_requests=len(events),
        configurations=hearing * _COLD_STARTS,
        log_bytes=sum(len(line.encode()) for line in logs.all_lines()),
        # At this rate every execution is traced, and a trace is what is charged for.
        traces=express.count + standard.count + standard.children,
    )


@dataclass(slots=True)
class _Executions:
    count: int = 0
    transitions: int = 0
    children: int = 0
    gb_seconds: Decimal = Decimal(0)


def _executions(cloud: Cloud) -> tuple[_Executions, _Executions]:
    client = cloud.aws.client("stepfunctions")
    express, standard = _Executions(), _Executions()
    for workflow, arn in cloud.deployment.state_machines.items():
        found = standard if workflow in _STANDARD else express
        pages = client.get_paginator("list_executions").paginate(stateMachineArn=arn)
        for page in pages:
            for execution in page["executions"]:
                entered = _entered(client, execution["executionArn"])
                found.count += 1
                found.transitions += entered.total()
                found.gb_seconds += express_gb_seconds(entered)
                if workflow in _STANDARD:
                    # A Map Run: one transition to start each child, which is an Express execution of one Task.
                    children = _children(client, execution["executionArn"])
                    found.children += children
                    found.transitions += children
                    express.gb_seconds += children * express_gb_seconds(Counter({"Task": 1}))
    return express, standard


def _children(client: Any, arn: str) -> int:
    """How many children the Map Runs of an execution started."""
    runs = client.list_map_runs(executionArn=arn)["mapRuns"]
    counts = (client.describe_map_run(mapRunArn=run["mapRunArn"]) for run in runs)
    return sum(int(one["executionCounts"]["total"]) for one in counts)


def _entered(client: Any, arn: str) -> Counter[str]:
    """How many states of each type an execution entered."""
    pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
    return Counter(
        event["type"].removesuffix("StateEntered")
        for page in pages
        for event in page["events"]
        if event["type"].endswith("StateEntered")
    )


def express_gb_seconds(entered: Counter[str]) -> Decimal:
    """What an Express execution is billed for, by the states it entered."""
    seconds = entered["Task"] * _INVOCATION_SECONDS + min(entered["Wait"], 1) * _WAIT_SECONDS
    steps = (seconds / _EXPRESS_STEP_SECONDS).to_integral_value(ROUND_CEILING) or Decimal(1)
    return steps * _EXPRESS_STEP_SECONDS * _EXPRESS_GB


def priced(counts: UsageCounts, claims: int) -> CostReport:
    """What it would cost, by the published list."""
    return cost_of(counts, claims)


def cost_lines(report: CostReport) -> tuple[CostLine, ...]:
    """The breakdown, dearest first."""
    lines = [
        CostLine(
            name=item.item.value,
            service=item.service.value,
            count=round(float(item.count), 3),
            usd_per_1000=round(float(item.usd_per_1000), 6),
        )
        for item in report.items
    ]
    return tuple(sorted(lines, key=lambda line: -line.usd_per_1000))
