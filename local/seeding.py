"""What a deployment needs before its first event: keys, a secret, rule sets and tables."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from functions.billing.adapters.clock import SystemClock
from functions.billing.adapters.code_tables import keep_code_table
from functions.billing.adapters.documents import S3Evidence
from functions.billing.adapters.records import DynamoDbRecords
from functions.billing.adapters.roll_outs import AppConfigDeployments, AppConfigRollOuts
from functions.billing.adapters.rule_sets import StoredRuleSets, keep
from functions.billing.domain.commit import Cause
from functions.billing.usecases.roll_out_rules import RollOutPorts, bring_in_force
from local.aws import Aws
from local.code_tables import folder_tables
from local.deployment import Deployment
from local.keys import BILLING, Keys

RULE_SETS_FOLDER = Path(__file__).resolve().parent.parent / "rulesets"

# Even the first version has an author and somebody else who answers for it.
AUTHOR, APPROVER = "rulesets", "deployment"
_HEARD_FOR_SECONDS = 60

# The name a rule set is published under, and the file that is its first version.
RULE_SETS: Mapping[str, str] = {
    "appeals": "denials/appeals.json",
    "automation": "automation/example.json",
    "denial_priority": "denials/priority.json",
    "denial_responses": "denials/responses.json",
    "denials": "denials/carc.json",
    "mapping": "mappings/example.json",
    "payer_policies": "payer_policies/example.json",
    "rejections": "denials/rejections.json",
    "scrub": "scrub/base.json",
}


def seed_secrets(
    aws: Aws,
    deployment: Deployment,
    *,
    keys: Keys,
    api_keys: Mapping[str, str],
    webhook_secret: str,
) -> None:
    """Put our signing key, the producers' public keys, the clearinghouses' keys and webhook secret in place."""
    secrets = aws.client("secretsmanager")
    secrets.put_secret_value(
        SecretId=deployment.signing_key_secret, SecretString=keys.secrets[BILLING]
    )
    secrets.put_secret_value(
        SecretId=deployment.clearinghouse_secret, SecretString=json.dumps(api_keys)
    )
    secrets.put_secret_value(
        SecretId=deployment.webhook_secret,
        SecretString=json.dumps({"secrets": [webhook_secret]}),
    )
    aws.client("ssm").put_parameter(
        Name=deployment.verification_keys_parameter,
        Value=keys.verification_keys(),
        Type="String",
        Overwrite=True,
    )


def seed_rule_sets(
    aws: Aws,
    deployment: Deployment,
    *,
    replaced: Mapping[str, Mapping[str, Any]],
    at: datetime,
) -> dict[str, str]:
    """Publish the code tables and every rule set, and bring these in force; versions by name are returned.

    `replaced` holds content that takes the place of a file of the repository, by name.
    """
    ports = roll_out_ports(aws, deployment)
    # Before the rule sets that pin them.
    for table in folder_tables().values():
        keep_code_table(ports.evidence, table)
    versions = {
        name: keep(ports.evidence, name, replaced.get(name) or rule_set_file(name))
        for name in RULE_SETS
    }
    cause = Cause(
        f"deployment-{at:%Y%m%d%H%M%S%f}", "deployment", f"deployment-{at:%Y%m%d%H%M%S%f}"
    )
    bring_in_force(versions, cause, ports, author=AUTHOR, approver=APPROVER)
    return versions


def roll_out_ports(aws: Aws, deployment: Deployment) -> RollOutPorts:
    """What rolling out needs, on a deployment."""
    return RollOutPorts(
        records=DynamoDbRecords(
            aws.client("dynamodb"),
            table=deployment.records_table,
            audit_table=deployment.audit_table,
        ),
        evidence=S3Evidence(aws.client("s3"), bucket=deployment.evidence_bucket),
        roll_outs=AppConfigDeployments(
            aws.client("appconfig"), deployment.app_config, deployment.app_config
        ),
        clock=SystemClock(),
    )


def stored_rule_sets(aws: Aws, deployment: Deployment) -> StoredRuleSets:
    """The rule sets of a deployment, as its functions read them."""
    client = aws.client("appconfigdata")
    heard = AppConfigRollOuts(
        lambda: client, deployment.app_config, poll_seconds=_HEARD_FOR_SECONDS
    )
    evidence = S3Evidence(aws.client("s3"), bucket=deployment.evidence_bucket)
    return StoredRuleSets(heard, evidence)


def rule_set_file(name: str) -> Mapping[str, Any]:
    """The content of the repository's first version of a rule set."""
    path = RULE_SETS_FOLDER / RULE_SETS[name]
    content: Mapping[str, Any] = json.loads(path.read_text(), parse_float=Decimal)
    return content
