"""Settings come from context, and what cannot be used is refused with its name."""

from __future__ import annotations

import json

import aws_cdk as cdk
import pytest

from infra.constructs.assets import Assets, MissingAssetError
from infra.settings import (
    PROJECT_ROOT,
    PROMISES,
    DeploymentSettings,
    SettingsError,
    Stage,
    settings_from_context,
)

PARTNER = {
    "name": "clearinghouse",
    "kind": "rest",
    "url": "https://clearinghouse.example",
    "submitter_id": "SUBMITTER",
    "submitter_name": "A PRACTICE",
    "submitter_phone": "8005550100",
    "receiver_id": "RECEIVER",
    "receiver_name": "A CLEARINGHOUSE",
    "usage": "T",
}

FILES = {
    **{name: value for name, value in PARTNER.items() if name != "url"},
    "name": "folder",
    "kind": "files",
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
    assert [each["name"] for each in settings.connectors] == ["simulator"]


def test_production_takes_its_clearinghouses_and_its_partners_from_context() -> None:
    settings = settings_with(
        stage="prod",
        connectors=json.dumps([{**PARTNER, "settle_seconds": 80}, FILES]),
        ehr_accounts="111122223333,444455556666",
        assets="placeholder",
    )

    rest, files = json.loads(settings.connectors_json)
    assert rest["settle_seconds"] == 80
    assert files == {**PROMISES["files"], **FILES}
    assert settings.ehr_accounts == ("111122223333", "444455556666")
    assert settings.assets is None


@pytest.mark.parametrize(
    ("context", "named"),
    [
        ({"stage": "staging"}, "stage is 'staging'"),
        ({"stage": "prod"}, "at least one connection"),
        ({"connectors": "{"}, "must be a JSON list"),
        ({"connectors": '[{"kind": "fax"}]'}, "kind is one of rest, files"),
        ({"connectors": '[{"kind": "rest"}]'}, "lacks name, receiver_id"),
        ({"connectors": '[{"kind": "files", "url": "https://x.example"}]'}, "may hold only"),
        ({"connectors": json.dumps([{**PARTNER, "url": "ftp://x.example"}])}, "url must be"),
        ({"connectors": json.dumps([PARTNER, PARTNER])}, "a name of its own"),
        ({"connectors": json.dumps([{**PARTNER, "claims_per_file": 0}])}, "claims_per_file is a"),
        ({"connectors": json.dumps([{**PARTNER, "claims_per_file": "5"}])}, "claims_per_file is a"),
        ({"connectors": json.dumps([{**FILES, "file_wait_minutes": -1}])}, "file_wait_minutes is"),
        ({"connectors": json.dumps([FILES])}, "one of kind rest is needed"),
        ({"audit_retention_years": "5"}, "audit_retention_years"),
    ],
)
def test_a_context_that_cannot_be_used_is_refused_by_name(
    context: dict[str, str], named: str
) -> None:
    with pytest.raises(SettingsError, match=named):
        settings_with(**context)


@pytest.mark.parametrize("kind", PROMISES)
def test_silence_is_waited_for_longer_than_a_request_may_still_land(kind: str) -> None:
    promises = PROMISES[kind]

    assert int(str(promises["settle_seconds"])) > int(str(promises["landing_bound_seconds"]))


def test_assets_that_are_not_built_are_not_replaced_by_something_else() -> None:
    with pytest.raises(MissingAssetError, match=r"infra\.build_assets"):
        Assets(PROJECT_ROOT / "no-such-folder").code("functions/submit_claim.zip")
