"""The secrets the clearinghouse signs its webhooks with, in Secrets Manager."""

import base64
import json
import secrets
import time
from collections.abc import Callable
from typing import Any

from functions.billing.domain.intake.webhooks import SECRET_PREFIX


class StoredWebhookSecrets:
    """`ports.WebhookSecrets` over `{"secrets": ["whsec_…", …]}`, read anew every few minutes.

    So a new secret holds soon after it was put beside the old one, without a deployment.
    """

    KEPT_SECONDS = 300

    def __init__(
        self, client: Any, *, secret_id: str, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._secret_id = secret_id
        self._seconds = seconds
        self._read_at = 0.0
        self._secrets: tuple[str, ...] = ()

    def current(self) -> tuple[str, ...]:
        """See `ports.WebhookSecrets`."""
        if not self._secrets or self._seconds() - self._read_at > self.KEPT_SECONDS:
            answer = self._client.get_secret_value(SecretId=self._secret_id)
            self._secrets = tuple(json.loads(answer["SecretString"])["secrets"])
            self._read_at = self._seconds()
        return self._secrets


def new_webhook_secret() -> str:
    """A fresh secret, in the form in which a clearinghouse shows it once."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()
