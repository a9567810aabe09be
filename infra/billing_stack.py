"""The running system: the bus, the functions, the workflows and the ways into them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import jsii
from aws_cdk import CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from infra.catalogue import (
    DOCUMENT_GRANTS,
    PEOPLES_TOOLS,
    PUBLISH_OUTBOX,
    RECEIVE_WEBHOOK,
    START_WORKFLOW,
    STEPS,
    WORKFLOWS,
    BucketRole,
    FunctionEntry,
    RecordsAccess,
    SecretAccess,
    WorkflowEntry,
    pascal_case,
)
from infra.compliance import acknowledge
from infra.constructs.assets import Assets
from infra.constructs.billing_function import BillingFunction, FunctionPlatform
from infra.constructs.dependency_layer import DependencyLayer
from infra.constructs.inbox import Inbox
from infra.constructs.queue_with_dlq import DeadLetterQueue
from infra.constructs.webhook_door import WebhookDoor
from infra.constructs.workflow import Workflow
from infra.data_stack import RECORDS_INDEXES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_sqs as sqs
    from constructs import Construct

    from infra.audit_stack import AuditStack
    from infra.constructs.billing_function import FunctionNetwork
    from infra.data_stack import DataStack
    from infra.rules_stack import RulesStack
    from infra.settings import DeploymentSettings

READ_ACTIONS = ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query")
# A transaction needs the permission of each of its items; it has no action of its own.
WRITE_ACTIONS = ("dynamodb:ConditionCheckItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
HISTORY_SORT_KEY_PREFIX = "HISTORY#"
OUTBOX_BATCH_SIZE = 50
# Well inside the day a stream keeps its records.
OUTBOX_RECORD_AGE_HOURS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedWorkflow:
    """One workflow with its way in."""

    entry: WorkflowEntry
    inbox: Inbox
    starter: BillingFunction
    workflow: Workflow


@jsii.implements(lambda_.IEventSourceDlq)
class _StreamFailures:
    """Sends what the stream could not deliver to a queue, granting nothing by itself."""

    def __init__(self, queue_arn: str) -> None:
        self._queue_arn = queue_arn

    def bind(
        self,
        target: lambda_.IEventSourceMapping,  # noqa: ARG002 - the interface names it
        target_handler: lambda_.IFunction,  # noqa: ARG002 - the interface names it
    ) -> lambda_.DlqDestinationConfig:
        """Name the queue; the function's policy lets it send there."""
        return lambda_.DlqDestinationConfig(destination=self._queue_arn)


class BillingStack(Stack):
    """Everything without state of its own.

    Parameters
    ----------
    data
        Records, documents, keys and secrets.
    audit
        The append-only table.
    rules
        How functions hear which rule versions judge.
    network
        Where functions run; ``None`` on the emulator.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: DeploymentSettings,
        data: DataStack,
        audit: AuditStack,
        rules: RulesStack,
        network: FunctionNetwork | None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=Environment(account=settings.account, region=settings.region),
            synthesizer=settings.synthesizer(),
            stack_name=settings.stack_name("billing"),
            description="Billing: events, functions and workflows.",
        )
        self._settings = settings
        self._data = data
        self._audit = audit
        self._rules = rules
        self.unroutable_events = self._dead_letter_queue("UnroutableEvents")
        self.bus = self._event_bus()
        self.failed_invocations = self._dead_letter_queue("FailedInvocations")
        assets = Assets(settings.assets)
        self.platform = FunctionPlatform(
            stage=settings.stage,
            is_local=settings.is_local,
            assets=assets,
            layer=DependencyLayer(
                self, "Dependencies", assets=assets, is_local=settings.is_local
            ).version,
            log_key=data.log_key,
            runtime_policy=self._runtime_policy(),
            failed_invocations=self.failed_invocations,
            network=network,
        )
        self.steps = {entry.name: self._function(entry, pascal_case(entry.name)) for entry in STEPS}
        self.peoples_tools = {
            entry.name: self._function(entry, pascal_case(entry.name)) for entry in PEOPLES_TOOLS
        }
        self.receive_webhook = self._function(RECEIVE_WEBHOOK, pascal_case(RECEIVE_WEBHOOK.name))
        self.webhook_door = WebhookDoor(
            self,
            "WebhookDoor",
            function=self.receive_webhook.function,
            log_key=data.log_key,
            is_local=settings.is_local,
        )
        self.publish_outbox = self._outbox_publisher()
        workflow_logging = self._workflow_logging_policy()
        self.workflows = {
            entry.name: self._workflow(entry, workflow_logging) for entry in WORKFLOWS
        }
        self._write_outputs()
        if not settings.is_local:
            self._save_query()

    @property
    def functions(self) -> dict[str, BillingFunction]:
        """Every deployed function by the words of its construct."""
        return {
            **self.steps,
            **self.peoples_tools,
            RECEIVE_WEBHOOK.name: self.receive_webhook,
            PUBLISH_OUTBOX.name: self.publish_outbox,
            **{f"start_{name}": deployed.starter for name, deployed in self.workflows.items()},
        }

    def _dead_letter_queue(self, construct_id: str) -> sqs.Queue:
        return DeadLetterQueue(
            self,
            construct_id,
            key=self._data.message_key,
            enforce_ssl=not self._settings.is_local,
        ).queue

    def _event_bus(self) -> events.EventBus:
        bus = events.EventBus(
            self,
            "Bus",
            description="Events of the EHR and of billing.",
            kms_key=self._data.message_key,
            dead_letter_queue=self.unroutable_events,
        )
        self.unroutable_events.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.unroutable_events.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": bus.event_bus_arn}},
            )
        )
        acknowledge(
            self.unroutable_events,
            "AwsSolutions-SQS3",
            reason="It is itself a dead-letter queue, of a stream or of the bus.",
        )
        if self._settings.ehr_accounts:
            bus.add_to_resource_policy(
                iam.PolicyStatement(
                    sid="EhrPutsEvents",
                    principals=[
                        iam.AccountPrincipal(account) for account in self._settings.ehr_accounts
                    ],
                    actions=["events:PutEvents"],
                    resources=[bus.event_bus_arn],
                    conditions={"StringLike": {"events:source": "ehr.*"}},
                )
            )
        return bus

    def _runtime_policy(self) -> iam.ManagedPolicy:
        """Write down once what every function needs to run at all, and what has no ARN to name."""
        statements = [
            iam.PolicyStatement(
                sid="SendTraces",
                actions=["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
                resources=["*"],
            ),
            iam.PolicyStatement(
                sid="KeepFailedInvocations",
                actions=["sqs:SendMessage"],
                resources=[self.failed_invocations.queue_arn],
            ),
            _use_key(self._data.message_key.key_arn),
        ]
        if not self._settings.is_local:
            statements.append(
                iam.PolicyStatement(
                    sid="JoinTheNetwork",
                    actions=[
                        "ec2:AssignPrivateIpAddresses",
                        "ec2:CreateNetworkInterface",
                        "ec2:DeleteNetworkInterface",
                        "ec2:DescribeNetworkInterfaces",
                        "ec2:DescribeSubnets",
                        "ec2:UnassignPrivateIpAddresses",
                    ],
                    resources=["*"],
                )
            )
        policy = iam.ManagedPolicy(
            self,
            "RuntimePolicy",
            description="What every billing function needs to run at all.",
            statements=statements,
        )
        acknowledge(
            policy,
            "AwsSolutions-IAM5[Resource::*]",
            reason="Traces and network interfaces have no ARN before they exist.",
        )
        return policy

    def _function(
        self,
        entry: FunctionEntry,
        construct_id: str,
        *,
        environment: Mapping[str, str] | None = None,
        statements: Sequence[iam.PolicyStatement] = (),
    ) -> BillingFunction:
        """Deploy an entry of the catalogue with what it declares and nothing else."""
        return BillingFunction(
            self,
            construct_id,
            entry=entry,
            platform=self.platform,
            environment={**self._environment(entry), **(environment or {})},
            statements=[*self._statements(entry), *statements],
            shared_policies=[
                *(self._data.document_policies[access] for access in entry.documents),
                *self._rules.shared_policies(entry.roll_outs),
            ],
        )

    def _environment(self, entry: FunctionEntry) -> dict[str, str]:
        variables: dict[str, str] = {}
        if entry.records is not RecordsAccess.NONE:
            variables["RECORDS_TABLE"] = self._data.records.table_name
            # The records adapter knows both tables, also where a step may only read.
            variables["AUDIT_TABLE"] = self._audit.table.table_name
        buckets = {DOCUMENT_GRANTS[access].bucket for access in entry.documents}
        if BucketRole.INTAKE in buckets:
            variables["INTAKE_BUCKET"] = self._data.intake.bucket_name
        if BucketRole.EVIDENCE in buckets:
            variables["EVIDENCE_BUCKET"] = self._data.evidence.bucket_name
        variables |= self._rules.environment_variables(entry.roll_outs)
        if entry.publishes:
            variables["BUS_NAME"] = self.bus.event_bus_name
        if entry.reads_verification_keys:
            variables["VERIFICATION_KEYS_PARAMETER"] = self._data.verification_keys.parameter_name
        if SecretAccess.SIGNING_KEY in entry.secrets:
            variables["SIGNING_KEY_SECRET_ARN"] = self._data.signing_key_arn
        if SecretAccess.CLEARINGHOUSE in entry.secrets:
            variables["CLEARINGHOUSE_SECRET_ARN"] = self._data.clearinghouse_arn
        if SecretAccess.CLEARINGHOUSE in entry.secrets or entry.knows_connections:
            variables["CONNECTORS"] = self._settings.connectors_json
        if SecretAccess.WEBHOOK in entry.secrets:
            variables["WEBHOOK_SECRET_ARN"] = self._data.webhook_arn
        return variables

    def _statements(self, entry: FunctionEntry) -> list[iam.PolicyStatement]:
        statements = self._rules.statements(entry.roll_outs)
        keys: set[str] = set()
        if entry.records is not RecordsAccess.NONE:
            statements.append(self._read_records())
            keys.add(self._data.data_key.key_arn)
        if entry.records is RecordsAccess.WRITE:
            statements.append(
                iam.PolicyStatement(
                    sid="WriteRecords",
                    actions=list(WRITE_ACTIONS),
                    resources=[self._data.records.table_arn],
                )
            )
        if entry.audits:
            statements.append(
                iam.PolicyStatement(
                    sid="AppendToAudit",
                    actions=["dynamodb:PutItem"],
                    resources=[self._audit.table.table_arn],
                )
            )
            keys.add(self._audit.key.key_arn)
        if entry.secrets:
            statements.append(
                iam.PolicyStatement(
                    sid="ReadSecrets",
                    actions=["secretsmanager:GetSecretValue"],
                    resources=[self._secret_arn(access) for access in entry.secrets],
                )
            )
            keys.add(self._data.data_key.key_arn)
        if entry.reads_verification_keys:
            statements.append(
                iam.PolicyStatement(
                    sid="ReadVerificationKeys",
                    actions=["ssm:GetParameter"],
                    resources=[self._data.verification_keys.parameter_arn],
                )
            )
        if entry.publishes:
            statements.append(
                iam.PolicyStatement(
                    sid="PublishEvents",
                    actions=["events:PutEvents"],
                    resources=[self.bus.event_bus_arn],
                )
            )
        return [*statements, *([_use_key(*sorted(keys))] if keys else [])]

    def _read_records(self) -> iam.PolicyStatement:
        table = self._data.records.table_arn
        return iam.PolicyStatement(
            sid="ReadRecords",
            actions=list(READ_ACTIONS),
            resources=[table, *(f"{table}/index/{name}" for name in RECORDS_INDEXES)],
        )

    def _secret_arn(self, access: SecretAccess) -> str:
        return {
            SecretAccess.SIGNING_KEY: self._data.signing_key_arn,
            SecretAccess.CLEARINGHOUSE: self._data.clearinghouse_arn,
            SecretAccess.WEBHOOK: self._data.webhook_arn,
        }[access]

    def _outbox_publisher(self) -> BillingFunction:
        """Deploy the publisher and let it read the records table's stream, in order."""
        stream_arn = self._data.records.table_stream_arn
        if stream_arn is None:
            message = "The records table has no stream."
            raise ValueError(message)
        unread = self._dead_letter_queue("UnpublishedOutbox")
        acknowledge(
            unread,
            "AwsSolutions-SQS3",
            reason="It is itself a dead-letter queue, of a stream or of the bus.",
        )
        self.unpublished_outbox = unread
        publisher = self._function(
            PUBLISH_OUTBOX,
            pascal_case(PUBLISH_OUTBOX.name),
            statements=[
                iam.PolicyStatement(
                    sid="ReadStream",
                    actions=[
                        "dynamodb:DescribeStream",
                        "dynamodb:GetRecords",
                        "dynamodb:GetShardIterator",
                        "dynamodb:ListStreams",
                    ],
                    resources=[stream_arn],
                ),
                iam.PolicyStatement(
                    sid="KeepUnpublished",
                    actions=["sqs:SendMessage"],
                    resources=[unread.queue_arn],
                ),
            ],
        )
        mapping = lambda_.EventSourceMapping(
            publisher,
            "Outbox",
            target=publisher.function,
            event_source_arn=stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=OUTBOX_BATCH_SIZE,
            bisect_batch_on_error=True,
            max_record_age=Duration.hours(OUTBOX_RECORD_AGE_HOURS),
            report_batch_item_failures=True,
            on_failure=_StreamFailures(unread.queue_arn),
            filters=[
                lambda_.FilterCriteria.filter(
                    {
                        "eventName": lambda_.FilterRule.is_equal("INSERT"),
                        "dynamodb": {
                            "Keys": {
                                "sk": {"S": lambda_.FilterRule.begins_with(HISTORY_SORT_KEY_PREFIX)}
                            }
                        },
                    }
                )
            ],
        )
        mapping.node.add_dependency(publisher.node.find_child("Policy"))
        return publisher

    def _workflow_logging_policy(self) -> iam.ManagedPolicy:
        """Write down once what delivering a workflow's log needs; none of it has an ARN."""
        policy = iam.ManagedPolicy(
            self,
            "WorkflowLoggingPolicy",
            description="Lets workflows deliver their logs and traces.",
            statements=[
                iam.PolicyStatement(
                    actions=[
                        "logs:CreateLogDelivery",
                        "logs:DeleteLogDelivery",
                        "logs:DescribeLogGroups",
                        "logs:DescribeResourcePolicies",
                        "logs:GetLogDelivery",
                        "logs:ListLogDeliveries",
                        "logs:PutResourcePolicy",
                        "logs:UpdateLogDelivery",
                        "xray:GetSamplingRules",
                        "xray:GetSamplingTargets",
                        "xray:PutTelemetryRecords",
                        "xray:PutTraceSegments",
                    ],
                    resources=["*"],
                )
            ],
        )
        acknowledge(
            policy,
            "AwsSolutions-IAM5[Resource::*]",
            reason="Deliveries of logs and traces have no ARN; AWS documents these very actions.",
        )
        return policy

    def _workflow(
        self, entry: WorkflowEntry, logging_policy: iam.IManagedPolicy
    ) -> DeployedWorkflow:
        words = pascal_case(entry.name)
        inbox = Inbox(
            self,
            f"{words}Inbox",
            entry=entry,
            bus=self.bus,
            intake=self._data.intake,
            message_key=self._data.message_key,
            consumer_timeout_seconds=START_WORKFLOW.timeout_seconds,
            is_local=self._settings.is_local,
        )
        workflow = Workflow(
            self,
            f"{words}Workflow",
            entry=entry,
            functions={name: self.steps[name].function for name in entry.steps},
            dead_letters=inbox.queues.dead_letters,
            message_key=self._data.message_key,
            log_key=self._data.log_key,
            logging_policy=logging_policy,
            is_local=self._settings.is_local,
        )
        state_machine_arn = workflow.state_machine.state_machine_arn
        starter = self._function(
            START_WORKFLOW,
            f"Start{words}",
            environment={
                "WORKFLOW": entry.name,
                "STATE_MACHINE_ARN": state_machine_arn,
                "INBOX_DLQ_URL": inbox.queues.dead_letters.queue_url,
            },
            statements=[
                *inbox.read_statements(),
                iam.PolicyStatement(
                    sid="StartThisWorkflow",
                    actions=["states:StartExecution"],
                    resources=[state_machine_arn],
                ),
            ],
        )
        mapping = inbox.start_with(starter.function)
        mapping.node.add_dependency(starter.node.find_child("Policy"))
        return DeployedWorkflow(entry=entry, inbox=inbox, starter=starter, workflow=workflow)

    def _save_query(self) -> None:
        """Here and not with the archive: a stack has two hundred outputs, and each log would take one."""
        logs.QueryDefinition(
            self,
            "OneCause",
            query_definition_name="billing/what happened to one cause",
            query_string=logs.QueryString(
                fields=["@timestamp", "service", "message", "outcome"],
                filter_statements=["cause_id = 'put the id here'"],
                sort="@timestamp asc",
            ),
            log_groups=[function.log_group for function in self.functions.values()],
        )

    def _write_outputs(self) -> None:
        CfnOutput(self, "BusName", value=self.bus.event_bus_name)
        CfnOutput(self, "WebhookUrl", value=self.webhook_door.url)
        CfnOutput(self, "WebhookApiId", value=self.webhook_door.api.api_id)
        CfnOutput(self, "UnroutableEventsUrl", value=self.unroutable_events.queue_url)
        CfnOutput(self, "FailedInvocationsUrl", value=self.failed_invocations.queue_url)
        CfnOutput(self, "UnpublishedOutboxUrl", value=self.unpublished_outbox.queue_url)
        for name, function in self.functions.items():
            CfnOutput(
                self,
                f"{pascal_case(name)}FunctionName",
                value=function.function.function_name,
            )
        for name, deployed in self.workflows.items():
            words = pascal_case(name)
            queues = deployed.inbox.queues
            CfnOutput(self, f"{words}InboxUrl", value=queues.queue.queue_url)
            CfnOutput(self, f"{words}DeadLettersUrl", value=queues.dead_letters.queue_url)
            CfnOutput(
                self,
                f"{words}StateMachineArn",
                value=deployed.workflow.state_machine.state_machine_arn,
            )


def _use_key(*key_arns: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="UseKeys",
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        resources=list(key_arns),
    )
