"""One state machine, from its file in ``statemachines/``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.catalogue import WorkflowEntry, pascal_case
from infra.compliance import acknowledge
from infra.constructs.billing_function import LOG_RETENTION
from infra.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import CfnElement
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sqs as sqs

STATE_MACHINES = PROJECT_ROOT / "statemachines"
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
IS_DISTRIBUTED = '"Mode": "DISTRIBUTED"'


class PlaceholderMismatchError(ValueError):
    """A definition's placeholders and what it is given are not the same set."""


class Workflow(Construct):
    """A state machine, its role and its log.

    The same mapping fills the placeholders and grants the calls, so a workflow can call
    exactly the functions its file names.

    Parameters
    ----------
    entry
        The workflow's page in the catalogue.
    functions
        Its steps by folder name.
    dead_letters
        Where an event goes whose execution failed.
    message_key
        Encrypts that queue.
    log_key
        Encrypts the workflow's log.
    logging_policy
        Shared permission to deliver logs and traces.

    Raises
    ------
    PlaceholderMismatchError
        When the file names a function it is not given, or the reverse.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        entry: WorkflowEntry,
        functions: Mapping[str, lambda_.IFunction],
        dead_letters: sqs.IQueue,
        message_key: kms.IKey,
        log_key: kms.IKey,
        logging_policy: iam.IManagedPolicy,
        is_local: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self.entry = entry
        definition = (STATE_MACHINES / f"{entry.name}.asl.json").read_text(encoding="utf-8")
        substitutions = {
            **{
                f"{pascal_case(name)}FunctionArn": function.function_arn
                for name, function in functions.items()
            },
            "DeadLetterQueueUrl": dead_letters.queue_url,
        }
        check_placeholders(entry.name, definition, given=set(substitutions))
        self.log_group = logs.LogGroup(
            self,
            "Log",
            # The prefix keeps the deliveries of many workflows within the size of one policy.
            log_group_name=f"/aws/vendedlogs/states/{Stack.of(self).stack_name}/{entry.name}",
            encryption_key=log_key,
            retention=LOG_RETENTION,
            removal_policy=RemovalPolicy.DESTROY if is_local else RemovalPolicy.RETAIN,
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("states.amazonaws.com"),
            description=f"Runs the {entry.name} workflow.",
            managed_policies=[logging_policy],
        )
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            description=f"All that the {entry.name} workflow may do.",
            roles=[self.role],
            statements=[
                iam.PolicyStatement(
                    sid="CallSteps",
                    actions=["lambda:InvokeFunction"],
                    resources=[function.function_arn for function in functions.values()],
                ),
                iam.PolicyStatement(
                    sid="SendToDeadLetters",
                    actions=["sqs:SendMessage"],
                    resources=[dead_letters.queue_arn],
                ),
                iam.PolicyStatement(
                    sid="EncryptDeadLetters",
                    actions=["kms:Decrypt", "kms:GenerateDataKey"],
                    resources=[message_key.key_arn],
                ),
            ],
        )
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            definition_body=sfn.DefinitionBody.from_string(definition),
            definition_substitutions=substitutions,
            state_machine_type=(
                sfn.StateMachineType.EXPRESS if entry.is_express else sfn.StateMachineType.STANDARD
            ),
            role=self.role.without_policy_updates(),
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=self.log_group,
                level=sfn.LogLevel.ALL,
                # What a workflow carries is ids, yet none of it belongs in a log.
                include_execution_data=False,
            ),
        )
        self.state_machine.node.add_dependency(policy)
        if IS_DISTRIBUTED in definition:
            self._let_it_run_its_own_children()

    def _let_it_run_its_own_children(self) -> None:
        """Let the role start the children of a distributed Map: executions of this very machine.

        A policy of its own, since it names the machine, which waits for the other one.
        """
        name = self.state_machine.state_machine_name
        policy = iam.ManagedPolicy(
            self,
            "MapRunPolicy",
            description=f"Lets the {self.entry.name} workflow run the children of its Map.",
            roles=[self.role],
            statements=[
                iam.PolicyStatement(
                    sid="StartChildren",
                    actions=["states:StartExecution"],
                    resources=[self.state_machine.state_machine_arn],
                ),
                iam.PolicyStatement(
                    sid="FollowChildren",
                    actions=["states:DescribeExecution", "states:StopExecution"],
                    resources=[
                        Stack.of(self).format_arn(
                            service="states",
                            resource="execution",
                            resource_name=f"{name}/*",
                            arn_format=ArnFormat.COLON_RESOURCE_NAME,
                        )
                    ],
                ),
            ],
        )
        machine = Stack.of(self).get_logical_id(
            cast("CfnElement", self.state_machine.node.default_child)
        )
        acknowledge(
            policy,
            "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:"
            f"{Stack.of(self).region}:{Stack.of(self).account}:execution:<{machine}.Name>/*]",
            reason="Children of a Map Run are named when they start; all are this machine's own.",
        )


def check_placeholders(name: str, definition: str, *, given: set[str]) -> None:
    """Refuse a definition whose placeholders are not exactly what it is given.

    Raises
    ------
    PlaceholderMismatchError
        Naming the placeholders that are on one side only.
    """
    wanted = set(PLACEHOLDER.findall(definition))
    if wanted != given:
        message = (
            f"{name}.asl.json: without a value {sorted(wanted - given)}, "
            f"without a place {sorted(given - wanted)}."
        )
        raise PlaceholderMismatchError(message)
