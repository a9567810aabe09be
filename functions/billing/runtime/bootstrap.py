"""The composition root: each adapter is built when a step first asks for it, and kept while the function is warm."""

import json
from collections.abc import Callable, Mapping
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any

from functions.billing.ports import (
    Clearinghouse,
    Clock,
    CodeTables,
    ControlNumbers,
    Evidence,
    Intake,
    Publisher,
    Records,
    RollOuts,
    RuleSets,
    Signer,
    TransactionList,
    Verifier,
    WebhookSecrets,
    Workflows,
)
from functions.billing.runtime.observability import meter
from functions.billing.runtime.settings import setting

if TYPE_CHECKING:
    from functions.billing.adapters.connections import DeclaredConnections

# Adapters are imported where they are built, so that a step loads only those it uses.
# ruff: noqa: PLC0415


@cache
def client(service: str) -> Any:
    """A boto3 client of this process."""
    import boto3

    return meter.watch(boto3.client(service))


class Dependencies:
    """What use cases are given; see `ports`."""

    @cached_property
    def clock(self) -> Clock:
        """The system's time."""
        from functions.billing.adapters.clock import SystemClock

        return SystemClock()

    @cached_property
    def records(self) -> Records:
        """The records and audit tables."""
        from functions.billing.adapters.records import DynamoDbRecords

        return DynamoDbRecords(
            client("dynamodb"), table=setting("RECORDS_TABLE"), audit_table=setting("AUDIT_TABLE")
        )

    @cached_property
    def evidence(self) -> Evidence:
        """The bucket nothing leaves."""
        from functions.billing.adapters.documents import S3Evidence

        return S3Evidence(client("s3"), bucket=setting("EVIDENCE_BUCKET"))

    @cached_property
    def intake(self) -> Intake:
        """The bucket others write to."""
        from functions.billing.adapters.documents import S3Intake

        return S3Intake(client("s3"), bucket=setting("INTAKE_BUCKET"))

    @cached_property
    def _profile(self) -> dict[str, str]:
        return {
            "application": setting("APPCONFIG_APPLICATION"),
            "environment": setting("APPCONFIG_ENVIRONMENT"),
            "profile": setting("APPCONFIG_PROFILE"),
        }

    @cached_property
    def rule_sets(self) -> RuleSets:
        """Rule sets and tables, by name."""
        from functions.billing.adapters.roll_outs import AppConfigRollOuts
        from functions.billing.adapters.rule_sets import StoredRuleSets

        heard = AppConfigRollOuts(
            lambda: client("appconfigdata"),
            self._profile,
            poll_seconds=float(setting("ROLL_OUT_POLL_SECONDS")),
        )
        return StoredRuleSets(heard, self.evidence)

    @cached_property
    def roll_outs(self) -> RollOuts:
        """How functions are told which versions judge."""
        from functions.billing.adapters.roll_outs import AppConfigDeployments

        strategies = {
            "staged": setting("APPCONFIG_STAGED"),
            "at_once": setting("APPCONFIG_AT_ONCE"),
        }
        return AppConfigDeployments(client("appconfig"), self._profile, strategies)

    @cached_property
    def code_tables(self) -> CodeTables:
        """Code tables, by version."""
        from functions.billing.adapters.code_tables import StoredCodeTables

        return StoredCodeTables(client("s3"), bucket=setting("EVIDENCE_BUCKET"))

    @cached_property
    def control_numbers(self) -> ControlNumbers:
        """X12 control numbers."""
        from functions.billing.adapters.control_numbers import DynamoDbControlNumbers

        return DynamoDbControlNumbers(client("dynamodb"), table=setting("RECORDS_TABLE"))

    @cached_property
    def connections(self) -> "DeclaredConnections":
        """The ways claims go to payers."""
        return self._declared_connections(bucket=lambda: setting("INTAKE_BUCKET"))

    @cached_property
    def gathers(self) -> Callable[[str], bool]:
        """Whether claims go through a connection together; makes none."""
        from functions.billing.adapters.declarations import gathers

        return partial(gathers, json.loads(setting("CONNECTORS")))

    @cached_property
    def clearinghouse(self) -> Clearinghouse:
        """The connection that answers at once."""
        return self._declared_connections().real_time()

    @cached_property
    def transactions(self) -> TransactionList | None:
        """What the clearinghouse that answers at once holds for us; None where there is none."""
        return self._declared_connections().listing()

    @cached_property
    def webhook_secrets(self) -> WebhookSecrets:
        """What the clearinghouse signs its calls with."""
        from functions.billing.adapters.webhooks import StoredWebhookSecrets

        return StoredWebhookSecrets(
            client("secretsmanager"), secret_id=setting("WEBHOOK_SECRET_ARN")
        )

    def _declared_connections(self, bucket: Callable[[], str] = str) -> "DeclaredConnections":
        from functions.billing.adapters.connections import DeclaredConnections

        def api_keys() -> Mapping[str, str]:
            answer = client("secretsmanager").get_secret_value(
                SecretId=setting("CLEARINGHOUSE_SECRET_ARN")
            )
            keys: Mapping[str, str] = json.loads(answer["SecretString"])
            return keys

        return DeclaredConnections(
            json.loads(setting("CONNECTORS")),
            api_keys=cache(api_keys),
            client=client,
            bucket=bucket,
        )

    @cached_property
    def signer(self) -> Signer:
        """Signs what the system says."""
        from functions.billing.adapters.signing import Ed25519Signer

        answer = client("secretsmanager").get_secret_value(
            SecretId=setting("SIGNING_KEY_SECRET_ARN")
        )
        return Ed25519Signer(answer["SecretString"])

    @cached_property
    def verifier(self) -> Verifier:
        """Checks what others say."""
        from functions.billing.adapters.signing import Ed25519Verifier

        name = setting("VERIFICATION_KEYS_PARAMETER")
        return Ed25519Verifier(lambda: client("ssm").get_parameter(Name=name)["Parameter"]["Value"])

    @cached_property
    def publisher(self) -> Publisher:
        """The event bus."""
        from functions.billing.adapters.workflows import EventBridgePublisher

        return EventBridgePublisher(client("events"), bus_name=setting("BUS_NAME"))

    @cached_property
    def workflows(self) -> Workflows:
        """The state machine of the function's own inbox."""
        from functions.billing.adapters.workflows import StepFunctionsWorkflows

        return StepFunctionsWorkflows(
            client("stepfunctions"), state_machine_arn=setting("STATE_MACHINE_ARN")
        )


@cache
def dependencies() -> Dependencies:
    """The adapters of the process."""
    return Dependencies()
