"""The door to the internet: what the HTTP API hands over, and what it is told."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from functions.billing.domain.intake.webhooks import Webhook, sign_webhook
from functions.receive_webhook.handler import BODY_BYTES_MAX
from tests.integration.stage import CONTEXT, WEBHOOK_SECRET, Stage, handler_of

BODY = '{"event":{"detail":{"transactionId":"T1","patient":"ZZQFAMILY"}}}'


def request(stage: Stage, *, body: str = BODY, secret: str = WEBHOOK_SECRET) -> dict[str, Any]:
    """One call as the HTTP API writes it (payload format 2.0)."""
    call = Webhook(
        identifier="msg_1",
        timestamp=str(int(stage.clock.now().timestamp())),
        signatures=(),
        body=body.encode(),
    )
    call = replace(call, signatures=(sign_webhook(call, secret),))
    return {
        "version": "2.0",
        "headers": {
            "webhook-id": call.identifier,
            "webhook-timestamp": call.timestamp,
            "webhook-signature": call.signatures[0],
        },
        "body": body,
        "isBase64Encoded": False,
    }


def status(event: dict[str, Any]) -> int:
    return int(handler_of("receive_webhook")(event, CONTEXT)["statusCode"])


def test_a_genuine_call_is_taken_once_and_answered_the_same_again(stage: Stage) -> None:
    assert [status(request(stage)), status(request(stage))] == [204, 204]
    assert stage.event_types() == ["transaction.announced"]


def test_a_body_in_base64_is_the_same_body(stage: Stage) -> None:
    encoded = base64.b64encode(BODY.encode()).decode()

    assert status({**request(stage), "body": encoded, "isBase64Encoded": True}) == 204


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"body": BODY.replace("T1", "T2")}, 401),
        ({"headers": {}}, 401),
        ({"headers": None, "body": None}, 401),
        ({"body": "%%%", "isBase64Encoded": True}, 400),
        ({"body": "x" * (BODY_BYTES_MAX + 1)}, 400),
    ],
)
def test_any_other_call_is_turned_away(stage: Stage, changes: dict[str, Any], answer: int) -> None:
    assert status({**request(stage), **changes}) == answer
    assert "transaction.announced" not in stage.event_types()


def test_a_failure_of_ours_asks_the_clearinghouse_to_call_again(stage: Stage) -> None:
    stage.records.dies_before = ""
    stage.webhook_secrets.secrets = ("whsec_not base64",)

    assert status(request(stage)) in {401, 503}


def test_nothing_of_a_call_shows_in_the_log(stage: Stage) -> None:
    status(request(stage))
    status(request(stage, secret="whsec_Zm9yZ2VkLWZvcmdlZC1mb3JnZWQ="))

    log = stage.log.getvalue()
    assert "ZZQFAMILY" not in log
    assert "msg_1" not in log
