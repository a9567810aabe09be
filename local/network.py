"""The network between the clearinghouse and us: webhooks arrive, come twice, come forged, or are lost."""

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from local.cloud import Cloud

_SECONDS = 30
_TOO_OLD = timedelta(hours=1)
_LISTED_PREFIX = "remittances/clearinghouse/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One webhook that reached us: what kind it was, and the status we answered."""

    kind: str
    status: int


@dataclass(slots=True, kw_only=True)
class WebhookTraffic:
    """What the network did: the files it announced, those whose webhook it lost, and every call."""

    announced: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """Calls that were answered otherwise than they deserved."""
        wanted = {"genuine": 204, "repeated": 204, "forged": 401, "old": 401}
        return [
            f"a webhook that was {call.kind} was answered {call.status}"
            for call in self.calls
            if call.status != wanted[call.kind]
        ]


def listed_key(file_id: str) -> str:
    """Where the file of a listed transaction will rest in the intake bucket."""
    return f"{_LISTED_PREFIX}{file_id}.x12"


def announce(cloud: Cloud, file_id: str, traffic: WebhookTraffic) -> None:
    """Send a file's webhook. The first one comes twice, after a forged and a replayed one."""
    now = datetime.now(UTC)
    genuine = cloud.simulator.webhook(file_id, timestamp=round(now.timestamp()))
    if not traffic.announced:
        forged = {**genuine, "body": genuine["body"].replace("835", "999")}
        old = cloud.simulator.webhook(file_id, timestamp=round((now - _TOO_OLD).timestamp()))
        traffic.calls.append(Call(kind="forged", status=_send(cloud, forged)))
        traffic.calls.append(Call(kind="old", status=_send(cloud, old)))
    traffic.calls.append(Call(kind="genuine", status=_send(cloud, genuine)))
    if not traffic.announced:
        traffic.calls.append(Call(kind="repeated", status=_send(cloud, genuine)))
    traffic.announced.append(file_id)


def _send(cloud: Cloud, call: Mapping[str, Any]) -> int:
    request = urllib.request.Request(  # noqa: S310 - loopback only
        cloud.webhook_url,
        data=call["body"].encode(),
        headers={**call["headers"], "Content-Type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310 - loopback only
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
