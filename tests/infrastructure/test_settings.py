"""Settings come from context, and what cannot be used is refused with its name."""

from __future__ import annotations

import json

import aws_cdk as cdk
import pytest

from infra.constructs.assets import Assets, MissingAssetError
from infra.settings import (
    CONNECTOR_FIELDS,
    PROJECT_ROOT,
    DeploymentSettings,
    SettingsError,
    Stage,
    settings_from_context,
)

PARTNER = {
    "name": "clearinghouse",
    "submitter_id": "SUBMITTER",
    "submitter_name": "A PRACTICE",
    "submitter_phone": "8005550100",
    "receiver_id": "RECEIVER",
    "receiver_name": "A CLEARINGHOUSE",
    "usage": "T",
}


def settings_with(**context: str) -> DeploymentSettings:
    """Read settings from a context."""
    return settings_from_context(cdk.App(context=context, analytics_reporting=False).node)


def test_the_local_stage_needs_no_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CDK_DEFAULT_ACCOUNT", raising=False)
    monkeypatch.delenv("CDK_DEFAULT_REGION", raising=False)

    settings = settings_with()

    assert settings.stage is Stage.LOCAL
    assert (settings.account, settings.region) == ("000000000000", "us-east-1")
    assert settings.assets == PROJECT_ROOT / "build" / "local"
    assert settings.connector.keys() == CONNECTOR_FIELDS


def test_production_takes_its_clearinghouse_and_its_partner_from_context() -> None:
    settings = settings_with(
        stage="prod",
        clearinghouse_url="https://clearinghouse.example",
        connector=json.dumps({**PARTNER, "settle_seconds": 80}),
        ehr_accounts="111122223333,444455556666",
        assets="placeholder",
    )

    assert json.loads(settings.connector_json)["settle_seconds"] == 80
    assert settings.ehr_accounts == ("111122223333", "444455556666")
    assert settings.assets is None


@pytest.mark.parametrize(
    ("context", "named"),
    [
        ({"stage": "staging"}, "stage is 'staging'"),
        ({"stage": "prod"}, "clearinghouse_url"),
        ({"stage": "prod", "clearinghouse_url": "https://x.example"}, "lacks name, receiver_id"),
        ({"connector": "{"}, "connector must be a JSON object"),
        ({"connector": '{"speed": 9}'}, "connector may hold only"),
        ({"audit_retention_years": "5"}, "audit_retention_years"),
    ],
)
def test_a_context_that_cannot_be_used_is_refused_by_name(
    context: dict[str, str], named: str
) -> None:
    with pytest.raises(SettingsError, match=named):
        settings_with(**context)


def test_silence_is_waited_for_longer_than_a_request_may_still_land() -> None:
    connector = settings_with().connector

    assert int(str(connector["settle_seconds"])) > int(str(connector["landing_bound_seconds"]))


def test_assets_that_are_not_built_are_not_replaced_by_something_else() -> None:
    with pytest.raises(MissingAssetError, match=r"infra\.build_assets"):
        Assets(PROJECT_ROOT / "no-such-folder").code("functions/submit_claim.zip")
