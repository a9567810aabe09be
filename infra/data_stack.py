"""What must survive every deployment: keys, records, documents, secrets, parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm

from infra.catalogue import DOCUMENT_GRANTS, BucketRole, DocumentAccess, pascal_case
from infra.compliance import acknowledge, in_hipaa_and_nist
from infra.constructs.rotating_key import let_logs_encrypt, let_service_encrypt, rotating_key

if TYPE_CHECKING:
    from constructs import Construct

    from infra.settings import DeploymentSettings

INDEX_BY_DUE = "by_due"
INDEX_BY_REF = "by_ref"
RECORDS_INDEXES = (INDEX_BY_DUE, INDEX_BY_REF)
DAYS_PER_YEAR = 365.25
ACCESS_LOG_RETENTION_DAYS = 365


class DataStack(Stack):
    """Keys, the records table, the document buckets, secrets and parameters."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: DeploymentSettings
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=Environment(account=settings.account, region=settings.region),
            synthesizer=settings.synthesizer(),
            stack_name=settings.stack_name("data"),
            description="Billing: records, documents, keys and secrets.",
            termination_protection=not settings.is_local,
        )
        self._settings = settings
        self._removal = RemovalPolicy.DESTROY if settings.is_local else RemovalPolicy.RETAIN
        self._make_keys()
        self.records = self._records_table()
        self._make_buckets()
        self.document_policies = {
            access: self._document_policy(access) for access in DocumentAccess
        }
        self._make_secrets()
        self.verification_keys = ssm.StringParameter(
            self,
            "VerificationKeys",
            # Named, because the people who add a producer set it by hand.
            parameter_name=f"/billing/{settings.stage}/verification-keys",
            description="Public keys of event producers by key_id; set when a producer is added.",
            string_value="{}",
        )
        CfnOutput(self, "VerificationKeysParameter", value=self.verification_keys.parameter_name)

    def _make_keys(self) -> None:
        local = self._settings.is_local
        self.data_key = rotating_key(
            self, "DataKey", description="Billing records, documents, secrets.", is_local=local
        )
        self.message_key = rotating_key(
            self, "MessageKey", description="Billing events, queues, alarms.", is_local=local
        )
        self.log_key = rotating_key(self, "LogKey", description="Billing logs.", is_local=local)
        for service in ("events.amazonaws.com", "cloudwatch.amazonaws.com"):
            let_service_encrypt(self.message_key, service)
        let_logs_encrypt(self.log_key)

    def _records_table(self) -> dynamodb.TableV2:
        text = dynamodb.AttributeType.STRING
        table = dynamodb.TableV2(
            self,
            "Records",
            partition_key=dynamodb.Attribute(name="pk", type=text),
            sort_key=dynamodb.Attribute(name="sk", type=text),
            billing=dynamodb.Billing.on_demand(),
            encryption=dynamodb.TableEncryptionV2.customer_managed_key(self.data_key),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=not self._settings.is_local,
            dynamo_stream=dynamodb.StreamViewType.NEW_IMAGE,
            # Both indexes are sparse: only what is due, or can be looked up, is in them.
            global_secondary_indexes=[
                dynamodb.GlobalSecondaryIndexPropsV2(
                    index_name=INDEX_BY_DUE,
                    partition_key=dynamodb.Attribute(name="due_kind", type=text),
                    sort_key=dynamodb.Attribute(name="due_at", type=text),
                ),
                dynamodb.GlobalSecondaryIndexPropsV2(
                    index_name=INDEX_BY_REF,
                    partition_key=dynamodb.Attribute(name="ref", type=text),
                ),
            ],
            removal_policy=self._removal,
        )
        CfnOutput(self, "RecordsTable", value=table.table_name)
        return table

    def _make_buckets(self) -> None:
        enforce_ssl = not self._settings.is_local
        # S3 delivers access logs only to a bucket encrypted with its own keys.
        self.access_logs = s3.Bucket(
            self,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=enforce_ssl,
            versioned=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(ACCESS_LOG_RETENTION_DAYS))],
            removal_policy=self._removal,
        )
        self.intake = s3.Bucket(
            self,
            "Intake",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.data_key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=enforce_ssl,
            versioned=True,
            server_access_logs_bucket=self.access_logs,
            server_access_logs_prefix="intake/",
            removal_policy=self._removal,
        )
        # Set on the bucket itself: CDK's own switch adds a custom resource with a function.
        self._resource_of(
            self.intake
        ).notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
                event_bridge_enabled=True
            )
        )
        retention_days = round(self._settings.audit_retention_years * DAYS_PER_YEAR)
        self.evidence = s3.Bucket(
            self,
            "Evidence",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.data_key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=enforce_ssl,
            versioned=True,
            object_lock_enabled=True,
            object_lock_default_retention=s3.ObjectLockRetention.compliance(
                Duration.days(retention_days)
            ),
            server_access_logs_bucket=self.access_logs,
            server_access_logs_prefix="evidence/",
            removal_policy=self._removal,
        )
        for bucket in (self.access_logs, self.intake, self.evidence):
            acknowledge(
                bucket,
                *in_hipaa_and_nist("S3BucketReplicationEnabled"),
                reason="Documents rest in one region and account until a second one is chosen; "
                "versions and Object Lock keep them, and what is posted from them is backed up.",
            )
        acknowledge(
            self.access_logs,
            *in_hipaa_and_nist("S3DefaultEncryptionKMS"),
            reason="S3 delivers access logs only to buckets encrypted with its own keys.",
        )
        CfnOutput(self, "IntakeBucket", value=self.intake.bucket_name)
        CfnOutput(self, "EvidenceBucket", value=self.evidence.bucket_name)

    def _document_policy(self, access: DocumentAccess) -> iam.ManagedPolicy:
        """Write one policy for one kind of document; the functions that need it share it."""
        grant = DOCUMENT_GRANTS[access]
        bucket = self.intake if grant.bucket is BucketRole.INTAKE else self.evidence
        policy = iam.ManagedPolicy(
            self,
            f"{pascal_case(access)}Policy",
            description=f"{grant.action} on {grant.bucket}/{grant.prefix}",
            statements=[
                iam.PolicyStatement(
                    actions=[grant.action],
                    resources=[bucket.arn_for_objects(f"{grant.prefix}*")],
                ),
                iam.PolicyStatement(
                    actions=["kms:Decrypt", "kms:GenerateDataKey"],
                    resources=[self.data_key.key_arn],
                ),
            ],
        )
        bucket_id = self.get_logical_id(self._resource_of(bucket))
        acknowledge(
            policy,
            f"AwsSolutions-IAM5[Resource::<{bucket_id}.Arn>/{grant.prefix}*]",
            reason="Keys of documents are not known beforehand; one action on one prefix.",
        )
        return policy

    def _make_secrets(self) -> None:
        self.signing_key = secretsmanager.Secret(
            self,
            "SigningKey",
            description="Ed25519 private key that signs our events; set after the first deploy.",
            encryption_key=self.data_key,
            removal_policy=self._removal,
        )
        self.clearinghouse = secretsmanager.Secret(
            self,
            "Clearinghouse",
            description="API keys of clearinghouses by connection; set after the first deploy.",
            encryption_key=self.data_key,
            removal_policy=self._removal,
        )
        self.webhook = secretsmanager.Secret(
            self,
            "Webhook",
            description="What the clearinghouse signs its webhooks with; set after the first deploy.",
            encryption_key=self.data_key,
            removal_policy=self._removal,
        )
        for secret in (self.signing_key, self.clearinghouse, self.webhook):
            acknowledge(
                secret,
                "AwsSolutions-SMG4",
                *in_hipaa_and_nist("SecretsManagerRotationEnabled"),
                reason="The other side must learn the new key first: rotated by people, with an "
                "overlap in which both keys hold.",
            )
        self.signing_key_arn = self._arn_of(self.signing_key)
        self.clearinghouse_arn = self._arn_of(self.clearinghouse)
        self.webhook_arn = self._arn_of(self.webhook)
        CfnOutput(self, "SigningKeySecretArn", value=self.signing_key_arn)
        CfnOutput(self, "ClearinghouseSecretArn", value=self.clearinghouse_arn)
        CfnOutput(self, "WebhookSecretArn", value=self.webhook_arn)

    @staticmethod
    def _resource_of(bucket: s3.Bucket) -> s3.CfnBucket:
        resource = bucket.node.default_child
        if not isinstance(resource, s3.CfnBucket):
            message = f"{bucket.node.path} has no bucket resource."
            raise TypeError(message)
        return resource

    @staticmethod
    def _arn_of(secret: secretsmanager.Secret) -> str:
        """Return the ARN by attribute: the emulator answers a reference with the name."""
        resource = secret.node.default_child
        if not isinstance(resource, secretsmanager.CfnSecret):
            message = f"{secret.node.path} has no secret resource."
            raise TypeError(message)
        return resource.attr_id
