"""One Lambda function with its own role, its own policy and its own log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.catalogue import METRICS_NAMESPACE, FunctionEntry
from infra.compliance import acknowledge
from infra.constructs.dependency_layer import RUNTIME, architecture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sqs as sqs

    from infra.constructs.assets import Assets

LOG_RETENTION = logs.RetentionDays.SIX_MONTHS
LOCAL_CONCURRENCY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionNetwork:
    """Where functions run: without a way out, or with one for the clearinghouse."""

    vpc: ec2.IVpc
    isolated: ec2.SubnetSelection
    isolated_group: ec2.ISecurityGroup
    egress: ec2.SubnetSelection
    egress_group: ec2.ISecurityGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionPlatform:
    """What all functions share.

    Attributes
    ----------
    runtime_policy
        What every function needs to run at all: traces, network interfaces, its last resort.
    failed_invocations
        Where an asynchronous invocation ends that nothing else caught.
    network
        ``None`` on the emulator, where functions run without a VPC.
    """

    stage: str
    is_local: bool
    assets: Assets
    layer: lambda_.ILayerVersion
    log_key: kms.IKey
    runtime_policy: iam.IManagedPolicy
    failed_invocations: sqs.IQueue
    network: FunctionNetwork | None


class BillingFunction(Construct):
    """One function of the catalogue, deployed.

    Parameters
    ----------
    entry
        Its page in the catalogue: size, time-out, network.
    platform
        What all functions share.
    environment
        Variables beyond those every function has.
    statements
        All it may do; they become its customer managed policy.
    shared_policies
        Policies it has in common with others: access to documents.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        entry: FunctionEntry,
        platform: FunctionPlatform,
        environment: Mapping[str, str],
        statements: Sequence[iam.PolicyStatement],
        shared_policies: Sequence[iam.IManagedPolicy],
    ) -> None:
        super().__init__(scope, construct_id)
        self.entry = entry
        self.log_group = logs.LogGroup(
            self,
            "Log",
            encryption_key=platform.log_key,
            retention=LOG_RETENTION,
            removal_policy=RemovalPolicy.DESTROY if platform.is_local else RemovalPolicy.RETAIN,
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"Runs {entry.name}.",
            managed_policies=[platform.runtime_policy, *shared_policies],
        )
        # One policy written from the catalogue; CDK's own grants would add an inline one.
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            description=f"All that {entry.name} may do.",
            roles=[self.role],
            statements=[self._write_own_log(), *statements],
        )
        place = _place_of(entry, platform.network)
        self.function = lambda_.Function(
            self,
            "Function",
            description=f"{entry.name.replace('_', ' ').capitalize()}.",
            runtime=RUNTIME,
            architecture=architecture(is_local=platform.is_local),
            handler=f"functions.{entry.name}.handler.lambda_handler",
            code=platform.assets.code(f"functions/{entry.name}.zip"),
            layers=[platform.layer],
            role=self.role.without_policy_updates(),
            environment={
                "STAGE": platform.stage,
                "LOG_LEVEL": "INFO",
                "POWERTOOLS_SERVICE_NAME": entry.name,
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                **environment,
            },
            timeout=Duration.seconds(entry.timeout_seconds),
            memory_size=entry.memory_mb,
            reserved_concurrent_executions=(
                LOCAL_CONCURRENCY if platform.is_local else entry.concurrency_max
            ),
            tracing=lambda_.Tracing.ACTIVE,
            log_group=self.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            dead_letter_queue=platform.failed_invocations,
            vpc=place.vpc,
            vpc_subnets=place.subnets,
            security_groups=place.groups,
        )
        acknowledge(
            self.function,
            "AwsSolutions-L1",
            "Serverless-LambdaLatestVersion",
            reason="Python 3.13 is the newest version the packages are locked and tested for.",
        )
        # Lambda checks what the role may do when the function is created, not when it runs.
        self.function.node.add_dependency(policy)

    def _write_own_log(self) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            sid="WriteOwnLog",
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[self.log_group.log_group_arn],
        )


@dataclass(frozen=True, slots=True)
class _Place:
    vpc: ec2.IVpc | None = None
    subnets: ec2.SubnetSelection | None = None
    groups: list[ec2.ISecurityGroup] | None = None


def _place_of(entry: FunctionEntry, network: FunctionNetwork | None) -> _Place:
    if network is None:
        return _Place()
    if entry.faces_clearinghouse:
        return _Place(network.vpc, network.egress, [network.egress_group])
    return _Place(network.vpc, network.isolated, [network.isolated_group])
