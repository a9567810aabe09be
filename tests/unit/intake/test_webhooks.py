"""A webhook acts only if the clearinghouse signed these very bytes a moment ago (Standard Webhooks 1.0)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.domain.errors import SignatureError
from functions.billing.domain.intake.webhooks import Webhook, check_webhook, sign_webhook

# The example of the specification's own reference libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PUBLISHED = Webhook(
    identifier="msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestamp="1614265330",
    signatures=("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",),
    body=b'{"test": 2432232314}',
)
THEN = datetime.fromtimestamp(1614265330, UTC)
OTHER_SECRET = "whsec_b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldA=="


def refusal_of(webhook: Webhook, *secrets: str, now: datetime = THEN) -> str:
    with pytest.raises(SignatureError) as refused:
        check_webhook(webhook, secrets or (SECRET,), now=now)
    return refused.value.code


def test_the_published_example_is_genuine() -> None:
    check_webhook(PUBLISHED, (SECRET,), now=THEN)


def test_while_secrets_are_changed_either_holds_and_either_signature_is_enough() -> None:
    check_webhook(PUBLISHED, (OTHER_SECRET, SECRET), now=THEN)
    several = replace(PUBLISHED, signatures=("v1,AAAA", "v2,unknown", *PUBLISHED.signatures))
    check_webhook(several, (SECRET,), now=THEN)


@pytest.mark.parametrize("seconds", [-299, 0, 299])
def test_a_call_of_the_last_minutes_counts(seconds: int) -> None:
    check_webhook(PUBLISHED, (SECRET,), now=THEN + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_a_call_of_another_time_is_a_replay(seconds: int) -> None:
    assert refusal_of(PUBLISHED, now=THEN + timedelta(seconds=seconds)) == "webhook_too_old"


def test_another_secret_signs_nothing() -> None:
    assert refusal_of(PUBLISHED, OTHER_SECRET) == "webhook_signature_invalid"


@given(st.data())
def test_any_single_change_of_what_is_signed_is_refused(data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(["identifier", "timestamp", "body"]))
    original = getattr(PUBLISHED, field)
    at = data.draw(st.integers(0, len(original) - 1))
    if field == "body":
        changed = original[:at] + bytes([original[at] ^ 1]) + original[at + 1 :]
    else:
        digit = "7" if original[at] != "7" else "8"
        changed = original[:at] + digit + original[at + 1 :]
    altered = replace(PUBLISHED, **{field: changed})

    assert refusal_of(altered).startswith("webhook_")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"identifier": ""}, "webhook_header_missing"),
        ({"identifier": "a b\n"}, "webhook_header_missing"),
        ({"timestamp": ""}, "webhook_header_missing"),
        ({"signatures": ()}, "webhook_header_missing"),
        ({"timestamp": "yesterday"}, "webhook_time_invalid"),
        ({"timestamp": "١٢٣"}, "webhook_time_invalid"),
        ({"timestamp": "1614265330.5"}, "webhook_time_invalid"),
        ({"signatures": ("v1,not base64",)}, "webhook_signature_invalid"),
        ({"signatures": ("v1,ümlaut",)}, "webhook_signature_invalid"),
    ],
)
def test_a_call_that_lacks_something_is_refused_by_name(
    changes: dict[str, object], code: str
) -> None:
    assert refusal_of(replace(PUBLISHED, **changes)) == code  # type: ignore[arg-type]


def test_headers_are_read_whatever_their_case() -> None:
    headers = {
        "Webhook-Id": PUBLISHED.identifier,
        "WEBHOOK-TIMESTAMP": PUBLISHED.timestamp,
        "webhook-signature": f"v1,AAAA {PUBLISHED.signatures[0]}",
    }

    check_webhook(Webhook.of(headers, PUBLISHED.body), (SECRET,), now=THEN)


@given(st.binary(max_size=200), st.from_regex(r"[A-Za-z0-9._:\-]{1,60}", fullmatch=True))
def test_what_the_owner_of_the_secret_signs_is_genuine(body: bytes, identifier: str) -> None:
    call = replace(PUBLISHED, identifier=identifier, body=body)
    signed = replace(call, signatures=(sign_webhook(call, SECRET),))

    check_webhook(signed, (SECRET,), now=THEN)
