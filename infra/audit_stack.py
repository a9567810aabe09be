"""The audit trail: a table of its own, under a key of its own, that can only grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Environment, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam

from infra.constructs.rotating_key import rotating_key

if TYPE_CHECKING:
    from constructs import Construct

    from infra.settings import DeploymentSettings

# Whatever changes or removes an entry, in any of DynamoDB's ways of saying so.
CHANGING_ACTIONS = (
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLUpdate",
    "dynamodb:UpdateItem",
)


class AuditStack(Stack):
    """The append-only audit table and its key."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: DeploymentSettings
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=Environment(account=settings.account, region=settings.region),
            synthesizer=settings.synthesizer(),
            stack_name=settings.stack_name("audit"),
            description="Billing: the append-only audit trail.",
            termination_protection=not settings.is_local,
        )
        removal = RemovalPolicy.DESTROY if settings.is_local else RemovalPolicy.RETAIN
        text = dynamodb.AttributeType.STRING
        self.key = rotating_key(
            self, "AuditKey", description="Billing audit trail.", is_local=settings.is_local
        )
        self.table = dynamodb.TableV2(
            self,
            "Audit",
            partition_key=dynamodb.Attribute(name="pk", type=text),
            sort_key=dynamodb.Attribute(name="sk", type=text),
            billing=dynamodb.Billing.on_demand(),
            encryption=dynamodb.TableEncryptionV2.customer_managed_key(self.key),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=not settings.is_local,
            resource_policy=iam.PolicyDocument(
                statements=[
                    # Whatever any role is granted, by us or later by somebody else.
                    iam.PolicyStatement(
                        sid="NobodyChangesAnEntry",
                        effect=iam.Effect.DENY,
                        principals=[iam.AnyPrincipal()],
                        actions=list(CHANGING_ACTIONS),
                        resources=["*"],
                    )
                ]
            ),
            removal_policy=removal,
        )
        CfnOutput(self, "AuditTable", value=self.table.table_name)
