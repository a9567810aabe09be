"""SFTP in front of the folders of file exchanges, for clearinghouses that know nothing else. Off without users.

A server costs by the hour whether or not anybody comes. It adds no copy and no step: what a clearinghouse fetches is
the object we dropped, and what it drops is the object whose arrival starts a workflow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Environment, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_transfer as transfer

from infra.catalogue import DocumentAccess
from infra.constructs.billing_function import LOG_RETENTION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from infra.data_stack import DataStack
    from infra.settings import DeploymentSettings

SECURITY_POLICY = "TransferSecurityPolicy-2024-01"
_MAY = (
    DocumentAccess.READ_OUTBOUND,
    DocumentAccess.WRITE_ACKNOWLEDGEMENTS,
    DocumentAccess.WRITE_REMITTANCES,
)


class SftpStack(Stack):
    """One server; one user for each clearinghouse, who sees its own outbound folder and the two it answers in."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: DeploymentSettings, data: DataStack
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=Environment(account=settings.account, region=settings.region),
            synthesizer=settings.synthesizer(),
            stack_name=settings.stack_name("sftp"),
            description="Billing: SFTP for clearinghouses that exchange files.",
        )
        self._data = data
        log = logs.LogGroup(
            self,
            "Log",
            encryption_key=data.log_key,
            retention=LOG_RETENTION,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.server = transfer.CfnServer(
            self,
            "Server",
            protocols=["SFTP"],
            endpoint_type="PUBLIC",
            identity_provider_type="SERVICE_MANAGED",
            security_policy_name=SECURITY_POLICY,
            structured_log_destinations=[log.log_group_arn],
        )
        for user in settings.sftp_users:
            self._add_user(user)
        CfnOutput(self, "SftpServerId", value=self.server.attr_server_id)

    def _add_user(self, user: Mapping[str, str]) -> None:
        name = user["name"]
        folders = {
            "/outbound": f"outbound/{user['connection']}",
            "/acknowledgements": "acknowledgements",
            "/remittances": "remittances",
        }
        role = iam.Role(
            self,
            f"Role-{name}",
            assumed_by=iam.ServicePrincipal("transfer.amazonaws.com"),
            description=f"What {name} may do over SFTP: fetch claims, drop answers, remove nothing.",
            # One action on one folder each, as the functions have them; of all outbound folders it sees its own.
            managed_policies=[
                *(self._data.document_policies[access] for access in _MAY),
                self._may_list(name, folders["/outbound"]),
            ],
        )
        bucket = self._data.intake.bucket_name
        transfer.CfnUser(
            self,
            f"User-{name}",
            server_id=self.server.attr_server_id,
            user_name=name,
            role=role.role_arn,
            home_directory_type="LOGICAL",
            home_directory_mappings=[
                transfer.CfnUser.HomeDirectoryMapEntryProperty(
                    entry=seen, target=f"/{bucket}/{prefix}"
                )
                for seen, prefix in folders.items()
            ],
            ssh_public_keys=[user["public_key"]],
        )

    def _may_list(self, name: str, folder: str) -> iam.ManagedPolicy:
        return iam.ManagedPolicy(
            self,
            f"Policy-{name}",
            statements=[
                iam.PolicyStatement(
                    actions=["s3:ListBucket"],
                    resources=[self._data.intake.bucket_arn],
                    conditions={"StringLike": {"s3:prefix": [f"{folder}/*", folder]}},
                )
            ],
        )
