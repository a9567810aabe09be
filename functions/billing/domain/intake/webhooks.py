"""What the clearinghouse calls us with, and whether it was the clearinghouse (Standard Webhooks 1.0, HMAC-SHA256)."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Self

from functions.billing.domain.errors import SignatureError
from functions.billing.domain.keys import Key

AGE_MAX = timedelta(minutes=5)
"""A call signed longer ago than this, or as far in the future, is a replay."""

SECRET_PREFIX = "whsec_"  # noqa: S105 - how every secret begins
SCHEME = "v1"

_IDENTIFIER = re.compile(r"[A-Za-z0-9._:\-]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One call as it came. `signatures` are the entries of `webhook-signature`, such as `v1,K5oZ…`."""

    identifier: str
    timestamp: str
    signatures: tuple[str, ...]
    body: bytes

    @classmethod
    def of(cls, headers: Mapping[str, str], body: bytes) -> Self:
        """Read the three headers, whatever their case; one that is missing is empty."""
        given = {name.lower(): value for name, value in headers.items()}
        return cls(
            identifier=given.get("webhook-id", ""),
            timestamp=given.get("webhook-timestamp", ""),
            signatures=tuple(given.get("webhook-signature", "").split()),
            body=body,
        )

    @property
    def has_known_form(self) -> bool:
        """Whether the id is one that may stand in a record's name and in a log."""
        return _IDENTIFIER.fullmatch(self.identifier) is not None

    @property
    def signed_bytes(self) -> bytes:
        """What the signature covers: id, time and the body's very bytes."""
        return f"{self.identifier}.{self.timestamp}.".encode() + self.body

    def raw(self) -> bytes:
        """The whole call as evidence: headers first, then the body as it came."""
        signatures = " ".join(self.signatures)
        head = (
            f"webhook-id: {self.identifier}\n"
            f"webhook-timestamp: {self.timestamp}\n"
            f"webhook-signature: {signatures}\n\n"
        )
        return head.encode() + self.body


def check_webhook(webhook: Webhook, secrets: Iterable[str], *, now: datetime) -> None:
    """Refuse a call that is not the clearinghouse's, or not of this moment.

    Parameters
    ----------
    secrets
        Every secret that holds now, as `whsec_` and base64: two while one takes the other's place.

    Raises
    ------
    SignatureError
        `webhook_header_missing`, `webhook_time_invalid`, `webhook_too_old` or `webhook_signature_invalid`.
    """
    if not (webhook.has_known_form and webhook.timestamp and webhook.signatures):
        raise SignatureError(
            "webhook_header_missing", detail="webhook-id, webhook-timestamp, webhook-signature"
        )
    if not (webhook.timestamp.isascii() and webhook.timestamp.isdigit()):
        raise SignatureError("webhook_time_invalid", detail="webhook-timestamp")
    expected = [_signature(webhook, secret) for secret in secrets]
    # Every pair is compared, each in constant time: how long it took says nothing about which byte differed.
    matches = [
        hmac.compare_digest(given.encode(), each.encode())
        for given in webhook.signatures
        for each in expected
    ]
    if not any(matches):
        raise SignatureError("webhook_signature_invalid", detail="webhook-signature")
    if abs(now.timestamp() - int(webhook.timestamp)) > AGE_MAX.total_seconds():
        raise SignatureError("webhook_too_old", detail="webhook-timestamp")


def sign_webhook(webhook: Webhook, secret: str) -> str:
    """The entry of `webhook-signature` that the owner of the secret would send."""
    return _signature(webhook, secret)


def _signature(webhook: Webhook, secret: str) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise SignatureError(
            "webhook_secret_invalid", detail="expected whsec_ and base64"
        ) from None
    digest = hmac.new(key, webhook.signed_bytes, hashlib.sha256).digest()
    return f"{SCHEME},{base64.b64encode(digest).decode()}"


def signed_at(webhook: Webhook) -> datetime:
    """When the clearinghouse says it signed; only of a call that was checked."""
    return datetime.fromtimestamp(int(webhook.timestamp), UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedWebhook:
    """A call that was acted upon; the same id is never acted upon again, and the record never expires."""

    kind: ClassVar[str] = "WEBHOOK"

    identifier: str
    content_sha256: str
    signed_at: datetime
    received_at: datetime
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(identifier: str) -> Key:
        """Where the receipt of a call rests."""
        return Key(f"WEBHOOK#{identifier}", "WEBHOOK")

    @property
    def key(self) -> Key:
        """Where this receipt rests."""
        return self.key_of(self.identifier)

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"webhook:{self.identifier}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedWebhook:
    """A call that may not act; the whole of it rests as evidence."""

    kind: ClassVar[str] = "REFUSEDHOOK"

    content_sha256: str
    reason: str
    evidence_key: str
    received_at: datetime
    ref: str = "REFUSEDHOOKS"
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(content_sha256: str) -> Key:
        """Where the refusal of these bytes rests."""
        return Key(f"REFUSEDHOOK#{content_sha256}", "REFUSEDHOOK")

    @property
    def key(self) -> Key:
        """Where this refusal rests."""
        return self.key_of(self.content_sha256)

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"refused_webhook:{self.content_sha256[:16]}"
