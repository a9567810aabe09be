"""What was deployed, by name: the outputs of the stacks, as the CDK command line writes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from local.errors import LocalCloudError

_CDK_OWN = "Exports"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The names a person or a tool needs to reach what is deployed.

    `inboxes`, `dead_letters` and `state_machines` are by workflow (`ReconciliationCheck`),
    `functions` by function (`DecideApproval`). `app_config` holds ids by the words the adapters use.
    """

    records_table: str
    audit_table: str
    intake_bucket: str
    evidence_bucket: str
    bus_name: str
    signing_key_secret: str
    clearinghouse_secret: str
    webhook_secret: str
    webhook_url: str
    webhook_api_id: str
    verification_keys_parameter: str
    app_config: Mapping[str, str]
    failed_invocations_url: str
    unpublished_outbox_url: str
    inboxes: Mapping[str, str]
    dead_letters: Mapping[str, str]
    state_machines: Mapping[str, str]
    functions: Mapping[str, str]

    @classmethod
    def from_outputs(cls, outputs: Mapping[str, Mapping[str, str]]) -> Self:
        """Read the outputs of all stacks.

        Raises
        ------
        LocalCloudError
            If an output is missing; the message names it.
        """
        flat = {
            name: value
            for stack in outputs.values()
            for name, value in stack.items()
            if not name.startswith(_CDK_OWN)
        }
        try:
            return cls(
                records_table=flat["RecordsTable"],
                audit_table=flat["AuditTable"],
                intake_bucket=flat["IntakeBucket"],
                evidence_bucket=flat["EvidenceBucket"],
                bus_name=flat["BusName"],
                signing_key_secret=flat["SigningKeySecretArn"],
                clearinghouse_secret=flat["ClearinghouseSecretArn"],
                webhook_secret=flat["WebhookSecretArn"],
                webhook_url=flat["WebhookUrl"],
                webhook_api_id=flat["WebhookApiId"],
                verification_keys_parameter=flat["VerificationKeysParameter"],
                app_config={
                    "application": flat["AppConfigApplication"],
                    "environment": flat["AppConfigEnvironment"],
                    "profile": flat["AppConfigProfile"],
                    "staged": flat["AppConfigStaged"],
                    "at_once": flat["AppConfigAtOnce"],
                },
                failed_invocations_url=flat["FailedInvocationsUrl"],
                unpublished_outbox_url=flat["UnpublishedOutboxUrl"],
                inboxes=_ending(flat, "InboxUrl"),
                dead_letters=_ending(flat, "DeadLettersUrl"),
                state_machines=_ending(flat, "StateMachineArn"),
                functions=_ending(flat, "FunctionName"),
            )
        except KeyError as missing:
            raise LocalCloudError(
                f"The stacks have no output {missing}.",
                advice="Deploy again; the stacks in infra/ must name it.",
            ) from None

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**content)


def _ending(outputs: Mapping[str, str], suffix: str) -> dict[str, str]:
    found = {
        name.removesuffix(suffix): value for name, value in outputs.items() if name.endswith(suffix)
    }
    return dict(sorted(found.items()))
