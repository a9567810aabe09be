"""What differs between one deployment and the next.

Everything comes from CDK context (``-c name=value`` or ``cdk.json``) and from the account and
region the CLI sets in the environment. Nothing here asks AWS, so synthesis works offline.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import CliCredentialsStackSynthesizer, DefaultStackSynthesizer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import IStackSynthesizer
    from constructs import Node

PROJECT_ROOT = Path(__file__).resolve().parent.parent

LOCAL_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"
AUDIT_RETENTION_YEARS_DEFAULT = 7

# What a connection promises unless it says otherwise, by its kind: one that answers raw X12 over HTTP as Stedi
# documents it, and one that takes files from a folder, where a file's name is its key while it rests there. Settling
# takes longer than a request may still land and, with the calls around it, less than the five minutes of an Express
# execution.
PROMISES: Mapping[str, Mapping[str, object]] = {
    "rest": {
        "idempotency_window_hours": 24,
        "lookup_authoritative": True,
        "landing_bound_seconds": 60,
        "settle_seconds": 75,
        "timeout_seconds": 20,
        "claims_per_file": 1,
        "file_wait_minutes": 10,
    },
    "files": {
        "idempotency_window_hours": 24 * 30,
        "lookup_authoritative": True,
        "landing_bound_seconds": 60,
        "settle_seconds": 75,
        "claims_per_file": 1,
        "file_wait_minutes": 10,
    },
}
# A function binds, sends and tells a file's claims within its thirty seconds; a claim may wait a day for company.
_WITHIN: Mapping[str, tuple[int, int]] = {
    "claims_per_file": (1, 100),
    "file_wait_minutes": (0, 24 * 60),
}
# Who the two ends of an interchange are; a deployment on AWS must say.
PARTNER_OF_EMULATOR: Mapping[str, object] = {
    "name": "simulator",
    "kind": "rest",
    "url": "http://127.0.0.1:4600",
    "submitter_id": "CLAIMWRIGHT",
    "submitter_name": "CLAIMWRIGHT BILLING",
    "submitter_phone": "8005550100",
    "receiver_id": "SIMULATOR",
    "receiver_name": "PAYER SIMULATOR",
    "usage": "P",
}
_SFTP_NAME = re.compile(r"[a-z][a-z0-9_-]{2,31}")
_PARTNER_FIELDS = frozenset(PARTNER_OF_EMULATOR) - {"url"}


class Stage(StrEnum):
    """Where a deployment goes."""

    LOCAL = "local"
    PROD = "prod"


class SettingsError(ValueError):
    """A context value is missing or cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentSettings:
    """The settings of one deployment.

    Attributes
    ----------
    stage
        ``local`` leaves out what the emulator cannot hold; ``prod`` is everything.
    connectors
        The clearinghouse connections, first choice first: of which kind and where, what each promises
        (idempotency window, lookup, landing bound, time-outs) and who the two ends of an interchange are.
    audit_retention_years
        How long evidence and audit entries cannot be removed (45 CFR 164.316(b)(2)(i): at
        least six years).
    ehr_accounts
        AWS accounts whose EHR may put events on the bus.
    alarm_email
        Who is told of alarms; without it the topic has no subscriber yet.
    sftp_users
        Clearinghouses that fetch and drop files over SFTP, each with its connection and its public key; without any
        there is no server, which would cost by the hour.
    assets
        Folder holding the built zips, or ``None`` for empty placeholders (synthesis only).
    """

    stage: Stage
    account: str
    region: str
    connectors: tuple[Mapping[str, object], ...]
    audit_retention_years: int = AUDIT_RETENTION_YEARS_DEFAULT
    ehr_accounts: tuple[str, ...] = ()
    alarm_email: str | None = None
    assets: Path | None = None
    sftp_users: tuple[Mapping[str, str], ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether this is the deployment on the emulator."""
        return self.stage is Stage.LOCAL

    @property
    def connectors_json(self) -> str:
        """The connections as the functions read them."""
        return json.dumps(
            [dict(each) for each in self.connectors], sort_keys=True, separators=(",", ":")
        )

    def synthesizer(self) -> IStackSynthesizer:
        """Make the stack's synthesizer: on the emulator the CLI publishes assets itself.

        The bootstrap's roles cannot publish there while it enforces IAM.
        """
        if self.is_local:
            return CliCredentialsStackSynthesizer()
        return DefaultStackSynthesizer()

    def stack_name(self, part: str) -> str:
        """Name of the stack that holds one part of the system."""
        return f"billing-{self.stage}-{part}"


def settings_from_context(node: Node) -> DeploymentSettings:
    """Read the settings from CDK context.

    Raises
    ------
    SettingsError
        When the stage is unknown, a value cannot be used, or production lacks its
        clearinghouse.
    """
    stage = _stage(_text(node, "stage", default=Stage.LOCAL))
    local = stage is Stage.LOCAL
    account = _text(node, "account", default=os.environ.get("CDK_DEFAULT_ACCOUNT", LOCAL_ACCOUNT))
    region = _text(node, "region", default=os.environ.get("CDK_DEFAULT_REGION", DEFAULT_REGION))
    connectors = _connectors(
        _text(
            node,
            "connectors",
            default=json.dumps([dict(PARTNER_OF_EMULATOR)]) if local else "[]",
        )
    )
    return DeploymentSettings(
        stage=stage,
        account=account,
        region=region,
        connectors=connectors,
        sftp_users=_sftp_users(_text(node, "sftp_users", default="[]"), connectors),
        audit_retention_years=_years(
            _text(node, "audit_retention_years", default=str(AUDIT_RETENTION_YEARS_DEFAULT))
        ),
        ehr_accounts=tuple(
            part.strip() for part in _text(node, "ehr_accounts", default="").split(",") if part
        ),
        alarm_email=_text(node, "alarm_email", default="") or None,
        assets=_assets(_text(node, "assets", default=f"build/{stage}")),
    )


def _text(node: Node, name: str, *, default: str) -> str:
    value = node.try_get_context(name)
    return default if value is None else str(value)


def _stage(value: str) -> Stage:
    try:
        return Stage(value)
    except ValueError:
        message = f"Context stage is {value!r}; it must be one of {', '.join(Stage)}."
        raise SettingsError(message) from None


def _connectors(value: str) -> tuple[Mapping[str, object], ...]:
    try:
        given = json.loads(value)
    except json.JSONDecodeError:
        given = None
    if not isinstance(given, list) or not given or not all(isinstance(one, dict) for one in given):
        message = "Context connectors must be a JSON list of at least one connection."
        raise SettingsError(message)
    connectors = tuple(_connector(one) for one in given)
    names = [str(one["name"]) for one in connectors]
    if len(set(names)) != len(names):
        message = "Context connectors: each connection needs a name of its own."
        raise SettingsError(message)
    if all(one["kind"] != "rest" for one in connectors):
        message = "Context connectors: one of kind rest is needed, to ask payers about coverage."
        raise SettingsError(message)
    return connectors


def _connector(given: Mapping[str, object]) -> Mapping[str, object]:
    kind = str(given.get("kind", ""))
    if kind not in PROMISES:
        message = f"Context connectors: kind is one of {', '.join(PROMISES)}, not {kind!r}."
        raise SettingsError(message)
    fields = _PARTNER_FIELDS | PROMISES[kind].keys() | ({"url"} if kind == "rest" else set())
    if not given.keys() <= fields:
        message = f"Context connectors may hold only {', '.join(sorted(fields))}."
        raise SettingsError(message)
    connector = {**PROMISES[kind], **given}
    missing = sorted(fields - connector.keys())
    if missing:
        message = f"Context connectors: a connection lacks {', '.join(missing)}."
        raise SettingsError(message)
    if kind == "rest" and not str(connector["url"]).startswith("http"):
        message = "Context connectors: url must be the http(s) address of the clearinghouse."
        raise SettingsError(message)
    for name, (least, most) in _WITHIN.items():
        value = connector[name]
        if type(value) is not int or not least <= value <= most:
            message = f"Context connectors: {name} is a whole number from {least} to {most}."
            raise SettingsError(message)
    return connector


def _sftp_users(
    value: str, connectors: tuple[Mapping[str, object], ...]
) -> tuple[Mapping[str, str], ...]:
    folders = {str(each["name"]) for each in connectors if each["kind"] == "files"}
    try:
        users = json.loads(value)
    except json.JSONDecodeError:
        users = None
    if not isinstance(users, list) or not all(_is_sftp_user(user, folders) for user in users):
        message = (
            "Context sftp_users must be a JSON list of {name, connection, public_key}: a name of 3 to 32 "
            "small letters, digits, - and _, a connection of kind files, an OpenSSH public key."
        )
        raise SettingsError(message)
    return tuple(users)


def _is_sftp_user(user: object, folders: set[str]) -> bool:
    if not isinstance(user, dict) or set(user) != {"name", "connection", "public_key"}:
        return False
    is_key = str(user["public_key"]).startswith(("ssh-", "ecdsa-"))
    is_name = _SFTP_NAME.fullmatch(str(user["name"])) is not None
    return is_name and is_key and user["connection"] in folders


def _years(value: str) -> int:
    least = 6
    if not value.isdigit() or int(value) < least:
        message = f"Context audit_retention_years must be a whole number from {least} up."
        raise SettingsError(message)
    return int(value)


def _assets(value: str) -> Path | None:
    if value == "placeholder":
        return None
    path = Path(value)
    return path if path.is_absolute() else PROJECT_ROOT / path
