"""The way into a workflow: rules and schedules → queue → starter function → execution."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsii
from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infra.catalogue import SCHEDULE_SOURCE, Schedule, WorkflowEntry, pascal_case
from infra.compliance import acknowledge
from infra.constructs.queue_with_dlq import QueueWithDlq

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3
    from aws_cdk.interfaces import aws_events as interfaces

BATCH_SIZE = 10
# The least an SQS event source can be held to.
STARTERS_AT_ONCE_LOCAL = 2
STARTERS_AT_ONCE = 10
TARGET_EVENT_AGE_HOURS = 24
TARGET_RETRIES = 185


@jsii.implements(events.IRuleTarget)
class InboxTarget:
    """A rule's target that ends, when delivery fails, in the inbox's own dead-letter queue.

    The queue would otherwise need a second dead-letter queue, one that the console's redrive
    button does not serve.
    """

    def __init__(self, inbox: QueueWithDlq) -> None:
        self._inbox = inbox

    def bind(
        self,
        rule: interfaces.IRuleRef,
        id: str | None = None,  # noqa: A002, ARG002 - the interface names it so
    ) -> events.RuleTargetConfig:
        """Describe the target and let the rule, and nothing else, send to both queues."""
        for queue in (self._inbox.queue, self._inbox.dead_letters):
            queue.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal("events.amazonaws.com")],
                    actions=["sqs:SendMessage"],
                    resources=[queue.queue_arn],
                    conditions={"ArnEquals": {"aws:SourceArn": rule.rule_ref.rule_arn}},
                )
            )
        return events.RuleTargetConfig(
            arn=self._inbox.queue.queue_arn,
            dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                arn=self._inbox.dead_letters.queue_arn
            ),
            retry_policy=events.CfnRule.RetryPolicyProperty(
                maximum_event_age_in_seconds=TARGET_EVENT_AGE_HOURS * 3600,
                maximum_retry_attempts=TARGET_RETRIES,
            ),
        )


class Inbox(Construct):
    """A workflow's queue and all that puts something into it.

    Parameters
    ----------
    entry
        The workflow's page in the catalogue.
    bus
        Where the EHR and the product publish.
    intake
        Bucket whose new files start file workflows.
    message_key
        Encrypts the queue.
    consumer_timeout_seconds
        Time-out of the starter function.
    is_local
        On the emulator schedules stand still: it cannot give an event of the clock its id.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        entry: WorkflowEntry,
        bus: events.IEventBus,
        intake: s3.IBucket,
        message_key: kms.IKey,
        consumer_timeout_seconds: int,
        is_local: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self._is_local = is_local
        self._message_key = message_key
        self.queues = QueueWithDlq(
            self,
            "Inbox",
            key=message_key,
            consumer_timeout_seconds=consumer_timeout_seconds,
            enforce_ssl=not is_local,
        )
        self.rules: list[events.Rule] = []
        if entry.events:
            self.rules.append(self._events_rule(entry, bus))
        if entry.file_prefixes:
            self.rules.append(self._files_rule(entry, intake))
        if entry.schedules:
            self._add_schedules(entry.schedules)

    def start_with(self, function: lambda_.Function) -> lambda_.EventSourceMapping:
        """Let the starter read the queue."""
        mapping = lambda_.EventSourceMapping(
            self,
            "Starter",
            target=function,
            event_source_arn=self.queues.queue.queue_arn,
            batch_size=BATCH_SIZE,
            report_batch_item_failures=True,
            max_concurrency=STARTERS_AT_ONCE_LOCAL if self._is_local else STARTERS_AT_ONCE,
        )
        acknowledge(
            mapping,
            "Serverless-LambdaEventSourceMappingDestination",
            reason="A queue as source takes no destination: the queue's own dead-letter queue is "
            "where its messages go.",
        )
        return mapping

    def read_statements(self) -> list[iam.PolicyStatement]:
        """Return what the starter needs to read the queue."""
        return [
            iam.PolicyStatement(
                sid="ReadInbox",
                actions=[
                    "sqs:ReceiveMessage",
                    "sqs:DeleteMessage",
                    "sqs:ChangeMessageVisibility",
                    "sqs:GetQueueAttributes",
                ],
                resources=[self.queues.queue.queue_arn],
            )
        ]

    def _events_rule(self, entry: WorkflowEntry, bus: events.IEventBus) -> events.Rule:
        return events.Rule(
            self,
            "Events",
            description=f"Events that start the {entry.name} workflow.",
            event_bus=bus,
            event_pattern=events.EventPattern(
                source=[*events.Match.prefix("ehr."), "billing"],
                detail_type=list(entry.events),
            ),
            targets=[InboxTarget(self.queues)],
        )

    def _files_rule(self, entry: WorkflowEntry, intake: s3.IBucket) -> events.Rule:
        # S3 tells the account's default bus, and only AWS itself can use an "aws." source there.
        return events.Rule(
            self,
            "Files",
            description=f"Files that start the {entry.name} workflow.",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                account=[Stack.of(self).account],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [intake.bucket_name]},
                    "object": {"key": [{"prefix": prefix} for prefix in entry.file_prefixes]},
                },
            ),
            targets=[InboxTarget(self.queues)],
        )

    def _add_schedules(self, schedules: Sequence[Schedule]) -> None:
        role = iam.Role(
            self,
            "ClockRole",
            assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"),
            description="Puts events of the clock into one inbox.",
        )
        policy = iam.ManagedPolicy(
            self,
            "ClockPolicy",
            description="All that the clock may do: send to one inbox.",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    actions=["sqs:SendMessage"],
                    resources=[
                        self.queues.queue.queue_arn,
                        self.queues.dead_letters.queue_arn,
                    ],
                ),
                iam.PolicyStatement(
                    actions=["kms:Decrypt", "kms:GenerateDataKey"],
                    resources=[self._message_key.key_arn],
                ),
            ],
        )
        for schedule in schedules:
            timer = scheduler.CfnSchedule(
                self,
                pascal_case(schedule.event_type.replace(".", "_")),
                description=f"Causes {schedule.event_type}.",
                schedule_expression=schedule.expression,
                state="DISABLED" if self._is_local else "ENABLED",
                flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
                kms_key_arn=None if self._is_local else self._message_key.key_arn,
                target=scheduler.CfnSchedule.TargetProperty(
                    arn=self.queues.queue.queue_arn,
                    role_arn=role.role_arn,
                    input=json.dumps(clock_event(schedule.event_type)),
                    dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(
                        arn=self.queues.dead_letters.queue_arn
                    ),
                ),
            )
            timer.node.add_dependency(policy)


def clock_event(event_type: str) -> dict[str, object]:
    """Write an event of the clock as the bus would deliver it; Scheduler fills in the brackets.

    It bears no signature: only the schedule's role can send it, and no rule of the bus matches
    its source.
    """
    occurrence = "<aws.scheduler.execution-id>"
    moment = "<aws.scheduler.scheduled-time>"
    return {
        "version": "0",
        "id": occurrence,
        "source": SCHEDULE_SOURCE,
        "detail-type": event_type,
        "time": moment,
        "detail": {
            "id": occurrence,
            "type": event_type,
            "version": 1,
            "occurred_at": moment,
            "producer": SCHEDULE_SOURCE,
            "data": {},
        },
    }
