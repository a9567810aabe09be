import json

import pytest

from tests.unit.payer_simulator.scenes import (
    CLAIM_STATUS,
    ELIGIBILITY,
    INSTITUTIONAL_CLAIMS,
    PROFESSIONAL_CLAIMS,
    Scene,
    Sent,
    inquiry_270,
    inquiry_276,
    scripted,
)


def test_a_request_without_a_key_of_the_account_is_refused() -> None:
    scene = Scene()
    body = {"x12": Sent().x12()}
    for header in ("", "wrong", "Key wrong"):
        reply = scene.call("POST", PROFESSIONAL_CLAIMS, body, headers={"authorization": header})
        assert reply.status == 401
        assert json.loads(reply.body)["error"] == "ACCESS_DENIED"
    legacy = {"authorization": "Key local-key"}
    assert scene.call("POST", PROFESSIONAL_CLAIMS, body, headers=legacy).status == 200


def test_the_same_key_and_body_get_the_same_answer_and_one_claim() -> None:
    scene = Scene()
    first = scene.send(Sent(), key="k1")
    again = scene.send(Sent(), key="k1")
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert scene.report()["totals"]["submissions_received"] == 1


def test_the_same_key_with_another_body_is_unprocessable() -> None:
    scene = Scene()
    scene.send(Sent(), key="k1")
    other = scene.send(Sent(pcn="PCN2"), key="k1")
    assert other.status == 422
    assert json.loads(other.body)["error"] == "IDEMPOTENCY_KEY_REUSED"
    assert scene.report()["totals"]["submissions_received"] == 1


def test_the_same_key_on_another_path_is_unprocessable() -> None:
    scene = Scene()
    scene.send(Sent(), key="k1")
    reply = scene.call(
        "POST", INSTITUTIONAL_CLAIMS, {"x12": Sent().x12()}, headers={"idempotency-key": "k1"}
    )
    assert reply.status == 422


def test_the_same_key_while_the_first_runs_is_a_conflict_with_retry_after() -> None:
    slow = scripted(submission=[{"kind": "slow", "seconds": 5}])
    scene = Scene(script=[slow])
    first = scene.send(Sent(), key="k1", finish=False)
    meanwhile = scene.send(Sent(), key="k1")
    assert meanwhile.status == 409
    assert int(meanwhile.headers["Retry-After"]) >= 1
    assert first.finish is not None
    first.finish()
    assert scene.send(Sent(), key="k1").body == first.body
    assert scene.report()["totals"]["submissions_received"] == 1


def test_after_twenty_four_hours_the_request_executes_again() -> None:
    scene = Scene()
    scene.send(Sent(), key="k1")
    scene.call("POST", "/_sim/clock", {"advance_hours": 23.9})
    assert "Idempotency-Replayed" in scene.send(Sent(), key="k1").headers
    scene.call("POST", "/_sim/clock", {"advance_hours": 0.2})
    assert "Idempotency-Replayed" not in scene.send(Sent(), key="k1").headers
    assert scene.report()["totals"]["duplicates_at_payer"] == 1


@pytest.mark.parametrize(("key", "status"), [("", 400), ("k" * 255, 200), ("k" * 256, 400)])
def test_a_key_has_one_to_255_characters(key: str, status: int) -> None:
    assert Scene().send(Sent(), key=key).status == status


def test_a_refusal_is_kept_under_its_key() -> None:
    scene = Scene()
    test_file = Sent().x12(usage="T")
    first = scene.send(test_file, key="k1")
    assert first.status == 400
    assert json.loads(first.body)["error"] == "TEST_INDICATOR"
    assert scene.send(test_file, key="k1").headers["Idempotency-Replayed"] == "true"
    assert scene.report()["totals"]["submissions_received"] == 0


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (PROFESSIONAL_CLAIMS, Sent().x12(usage="T")),
        (ELIGIBILITY, inquiry_270(usage="T")),
        (CLAIM_STATUS, inquiry_276().replace("*0*P*:", "*0*T*:")),
    ],
)
def test_a_test_indicator_is_refused_as_production(path: str, text: str) -> None:
    reply = Scene().call("POST", path, {"x12": text})
    assert reply.status == 400
    assert json.loads(reply.body)["error"] == "TEST_INDICATOR"


def test_a_body_that_is_not_the_expected_json_is_refused_without_being_shown() -> None:
    scene = Scene()
    reply = scene.call("POST", PROFESSIONAL_CLAIMS, {"x13": "SECRET-NAME"})
    assert reply.status == 400
    assert b"x12" in reply.body
    assert b"SECRET-NAME" not in reply.body
