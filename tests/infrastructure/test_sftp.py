"""SFTP for clearinghouses that exchange files: off by default, and narrow where it is on."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.settings import PROMISES, SettingsError, Stage
from tests.infrastructure.synthesis import Synthesis, settings_of, synthesize
from tests.infrastructure.test_settings import FILES, PARTNER, settings_with

if TYPE_CHECKING:
    from pathlib import Path

USER = {"name": "house", "connection": "folder", "public_key": "ssh-ed25519 AAAAexample"}


@pytest.fixture(scope="module")
def sftp(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """Production with one clearinghouse that comes over SFTP, checked by the rule packs."""
    folder: Path = tmp_path_factory.mktemp("sftp")
    base = settings_of(Stage.PROD)
    files = {**PROMISES["files"], **FILES}
    settings = replace(base, connectors=(*base.connectors, files), sftp_users=(USER,))
    return synthesize(Stage.PROD, folder, checked=True, settings=settings)


def test_without_users_there_is_no_server(production: Synthesis) -> None:
    assert list(production.resources("AWS::Transfer::Server")) == []


def test_the_rule_packs_find_nothing_that_is_not_acknowledged(sftp: Synthesis) -> None:
    assert sorted(sftp.findings) == []


def test_the_server_speaks_sftp_alone_with_todays_algorithms_and_writes_a_log(
    sftp: Synthesis,
) -> None:
    (server,) = sftp.resources("AWS::Transfer::Server")

    assert server.properties["Protocols"] == ["SFTP"]
    assert server.properties["SecurityPolicyName"] == "TransferSecurityPolicy-2024-01"
    assert server.properties["StructuredLogDestinations"]


def test_a_clearinghouse_sees_its_own_folder_and_the_two_it_answers_in(sftp: Synthesis) -> None:
    (user,) = sftp.resources("AWS::Transfer::User")

    mappings = user.properties["HomeDirectoryMappings"]
    assert user.properties["HomeDirectoryType"] == "LOGICAL"
    assert [each["Entry"] for each in mappings] == [
        "/outbound",
        "/acknowledgements",
        "/remittances",
    ]
    assert "outbound/folder" in json.dumps(mappings[0]["Target"])


def test_a_clearinghouse_lists_its_own_folder_fetches_drops_and_removes_nothing(
    sftp: Synthesis,
) -> None:
    (role,) = sftp.resources("AWS::IAM::Role", stack="sftp")
    (policy,) = sftp.resources("AWS::IAM::ManagedPolicy", stack="sftp")
    (statement,) = policy.properties["PolicyDocument"]["Statement"]

    assert statement["Action"] == "s3:ListBucket"
    assert statement["Condition"]["StringLike"]["s3:prefix"] == [
        "outbound/folder/*",
        "outbound/folder",
    ]
    granted = json.dumps(role.properties["ManagedPolicyArns"])
    shared = ("ReadOutboundPolicy", "WriteAcknowledgementsPolicy", "WriteRemittancesPolicy")
    assert all(each in granted for each in shared)
    assert len(role.properties["ManagedPolicyArns"]) == len(shared) + 1


@pytest.mark.parametrize(
    "wrong",
    [{"connection": "clearinghouse"}, {"name": "A House"}, {"public_key": "secret"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_user_that_cannot_be_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="sftp_users"):
        settings_with(
            stage="prod",
            connectors=json.dumps([PARTNER, FILES]),
            sftp_users=json.dumps([USER | wrong]),
        )
