"""What looks after the rest: event archive, backups, the register of event contracts.

The emulator cannot hold these resources, so the local stage leaves the stack out; it is
synthesized and checked all the same.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_cdk import Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_backup as backup
from aws_cdk import aws_events as events
from aws_cdk import aws_eventschemas as eventschemas
from aws_cdk import aws_iam as iam

from infra.constructs.rotating_key import rotating_key
from infra.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from constructs import Construct

    from infra.audit_stack import AuditStack
    from infra.billing_stack import BillingStack
    from infra.data_stack import DataStack
    from infra.settings import DeploymentSettings

CONTRACTS = PROJECT_ROOT / "contracts"
ARCHIVE_DAYS = 90
BACKUP_COLD_AFTER_DAYS = 30
BACKUP_DAYS = 400


class GovernanceStack(Stack):
    """Archive, backups, schema registry, saved log queries."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: DeploymentSettings,
        data: DataStack,
        audit: AuditStack,
        billing: BillingStack,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=Environment(account=settings.account, region=settings.region),
            synthesizer=settings.synthesizer(),
            stack_name=settings.stack_name("governance"),
            description="Billing: event archive, backups, contracts.",
            termination_protection=not settings.is_local,
        )
        self._archive_events(data, billing)
        self._back_up(data, audit)
        self._register_contracts()

    def _archive_events(self, data: DataStack, billing: BillingStack) -> None:
        # The key's policy lets EventBridge use it already; CDK's archive would change it again,
        # and so make the data stack wait for this one.
        events.CfnArchive(
            self,
            "Archive",
            source_arn=billing.bus.event_bus_arn,
            description="Every event of the bus, to replay after an incident.",
            kms_key_identifier=data.message_key.key_arn,
            retention_days=ARCHIVE_DAYS,
        )

    def _back_up(self, data: DataStack, audit: AuditStack) -> None:
        key = rotating_key(self, "BackupKey", description="Billing backups.", is_local=False)
        vault = backup.BackupVault(
            self,
            "Vault",
            encryption_key=key,
            removal_policy=RemovalPolicy.RETAIN,
            block_recovery_point_deletion=True,
        )
        plan = backup.BackupPlan(self, "Plan", backup_vault=vault)
        plan.add_rule(
            backup.BackupPlanRule(
                rule_name="Daily",
                schedule_expression=events.Schedule.cron(minute="0", hour="7"),
                move_to_cold_storage_after=Duration.days(BACKUP_COLD_AFTER_DAYS),
                delete_after=Duration.days(BACKUP_DAYS),
            )
        )
        tables = [data.records.table_arn, audit.table.table_arn]
        keys = [data.data_key.key_arn, audit.key.key_arn, key.key_arn]
        role = iam.Role(
            self,
            "BackupRole",
            assumed_by=iam.ServicePrincipal("backup.amazonaws.com"),
            description="Backs the two tables up.",
        )
        iam.ManagedPolicy(
            self,
            "BackupPolicy",
            description="Lets the plan back the two tables up.",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    actions=[
                        "dynamodb:CreateBackup",
                        "dynamodb:DescribeTable",
                        "dynamodb:ListTagsOfResource",
                        "dynamodb:StartAwsBackupJob",
                    ],
                    resources=tables,
                ),
                iam.PolicyStatement(
                    actions=["backup:CopyFromBackupVault", "backup:DescribeBackupVault"],
                    resources=[vault.backup_vault_arn],
                ),
                iam.PolicyStatement(
                    actions=["kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey"],
                    resources=keys,
                ),
            ],
        )
        backup.BackupSelection(
            self,
            "Tables",
            backup_plan=plan,
            role=role.without_policy_updates(),
            resources=[backup.BackupResource.from_arn(arn) for arn in tables],
            disable_default_backup_policy=True,
        )

    def _register_contracts(self) -> None:
        registry = eventschemas.CfnRegistry(
            self, "Contracts", description="Contracts of the events on the billing bus."
        )
        for path in sorted(CONTRACTS.glob("*.json")):
            eventschemas.CfnSchema(
                self,
                f"Contract{path.stem.replace('.', '-')}",
                registry_name=registry.attr_registry_name,
                type="JSONSchemaDraft4",
                content=json.dumps(json.loads(path.read_text(encoding="utf-8")), sort_keys=True),
            )
