import json

from tests.unit.payer_simulator.scenes import POLLING, Scene, Sent, scripted


def _received(scene: Scene) -> int:
    return int(scene.report()["totals"]["submissions_received"])


def _faults(*kinds: dict[str, object]) -> Scene:
    return Scene(script=[scripted(submission=list(kinds))])


def test_a_timeout_after_accepting_leaves_the_claim_on_file_and_the_key_tells() -> None:
    scene = _faults({"kind": "timeout_after_accepting", "seconds": 30})
    reply = scene.send(Sent(), key="k1")
    assert (reply.status, reply.seconds, reply.until_gone) == (504, 30, True)
    assert _received(scene) == 1
    retry = scene.send(Sent(), key="k1")
    assert retry.status == 200
    assert retry.headers["Idempotency-Replayed"] == "true"
    assert _received(scene) == 1


def test_a_retry_of_a_timed_out_claim_without_a_key_is_a_duplicate() -> None:
    scene = _faults({"kind": "timeout_after_accepting"})
    scene.send(Sent())
    scene.send(Sent())
    assert scene.report()["totals"]["duplicates_at_payer"] == 1


def test_a_timeout_before_accepting_leaves_nothing_and_a_retry_executes() -> None:
    scene = _faults({"kind": "timeout_before_accepting"})
    assert scene.send(Sent(), key="k1").status == 504
    assert _received(scene) == 0
    assert scene.send(Sent(), key="k1").status == 200
    assert _received(scene) == 1


def test_a_claim_that_lands_late_is_in_progress_until_the_next_acknowledgements() -> None:
    scene = _faults({"kind": "lands_late"})
    assert scene.send(Sent(), key="k1").status == 504
    assert scene.send(Sent(), key="k1").status == 409
    listed = scene.call("GET", POLLING, query={"patientControlNumber": "PCN1"})
    assert json.loads(listed.body)["items"] == []
    delivery = scene.acknowledge()
    assert {one["kind"] for one in delivery.files} == {"999", "277CA"}
    assert scene.send(Sent(), key="k1").status == 200
    assert _received(scene) == 1


def test_a_503_and_then_fine() -> None:
    scene = _faults({"kind": "error_before_accepting", "status": 503})
    assert scene.send(Sent(), key="k1").status == 503
    assert _received(scene) == 0
    assert scene.send(Sent(), key="k1").status == 200


def test_an_error_after_accepting_is_known_to_the_key() -> None:
    scene = _faults({"kind": "error_after_accepting", "status": 500})
    assert scene.send(Sent(), key="k1").status == 500
    assert _received(scene) == 1
    assert scene.send(Sent(), key="k1").status == 200
    assert _received(scene) == 1


def test_an_answer_lost_on_the_way_is_cut_and_the_claim_is_on_file() -> None:
    scene = _faults({"kind": "answer_lost"})
    reply = scene.send(Sent(), key="k1")
    assert reply.cut
    assert _received(scene) == 1
    assert scene.send(Sent(), key="k1").headers["Idempotency-Replayed"] == "true"


def test_a_scripted_conflict_does_nothing_and_the_next_post_is_fine() -> None:
    scene = _faults({"kind": "in_progress", "retry_after_seconds": 3})
    reply = scene.send(Sent(), key="k1")
    assert (reply.status, reply.headers["Retry-After"]) == (409, "3")
    assert scene.send(Sent(), key="k1").status == 200


def test_a_refusal_of_the_clearinghouse_lands_nothing() -> None:
    scene = _faults({"kind": "refused", "message": "enrolment is missing"})
    reply = scene.send(Sent(), key="k1")
    assert reply.status == 400
    assert "enrolment" in json.loads(reply.body)["message"]
    assert _received(scene) == 0


def test_faults_are_used_up_one_per_post_and_only_for_whom_they_are_meant() -> None:
    scene = _faults(
        {"kind": "error_before_accepting", "status": 502},
        {"kind": "none"},
        {"kind": "error_before_accepting", "status": 500},
    )
    other = Sent(member_id="W2", pcn="P2")
    assert scene.send(other).status == 200
    assert [scene.send(Sent(pcn=f"P{n}", day=f"2026-02-1{n}")).status for n in range(4)] == [
        502,
        200,
        500,
        200,
    ]


def test_an_outage_of_the_payer_is_a_503_until_it_ends() -> None:
    scene = Scene()
    scene.call("POST", "/_sim/outage", {"payer_id": "SIMCO", "claims": "http"})
    assert scene.send(Sent(), key="k1").status == 503
    scene.call("POST", "/_sim/outage", {"payer_id": "SIMCO", "claims": "off"})
    assert scene.send(Sent(), key="k1").status == 200


def test_a_payer_on_hold_takes_claims_and_answers_none_until_it_is_back() -> None:
    scene = Scene()
    scene.call("POST", "/_sim/outage", {"payer_id": "SIMCO", "claims": "hold"})
    scene.send(Sent())
    delivery = scene.deliver()
    assert [one["kind"] for one in delivery.files] == ["999"]
    assert delivery.pending["remittances"] == 0
    scene.call("POST", "/_sim/outage", {"payer_id": "SIMCO", "claims": "off"})
    kinds = [one["kind"] for one in scene.deliver().files]
    assert kinds == ["277CA", "835"]


def test_what_the_clearinghouse_received_is_listed_at_once_by_patient_control_number() -> None:
    scene = Scene()
    scene.send(Sent(pcn="PCN7"))
    reply = scene.call("GET", POLLING, query={"patientControlNumber": "PCN7"})
    (item,) = json.loads(reply.body)["items"]
    assert item["direction"] == "INBOUND"
    assert {"name": "patientControlNumber", "value": "PCN7"} in item["businessIdentifiers"]
    artifact = scene.call("GET", item["artifacts"][0]["url"])
    assert artifact.body.decode() == Sent(pcn="PCN7").x12()


def test_a_poller_with_page_tokens_misses_nothing_and_sees_nothing_twice() -> None:
    scene = Scene()
    for number in range(5):
        scene.send(Sent(pcn=f"P{number}", day=f"2026-02-1{number}"))
    scene.deliver()
    seen: list[str] = []
    query = {"startDateTime": "2026-03-01T00:00:00Z", "pageSize": "2"}
    while True:
        value = json.loads(scene.call("GET", POLLING, query=query).body)
        seen += [item["transactionId"] for item in value["items"]]
        query = {"pageToken": value["nextPageToken"], "pageSize": "2"}
        if not value["items"]:
            break
    assert len(seen) == len(set(seen)) == 5 + 3
    scene.send(Sent(pcn="LATER", day="2026-02-25"))
    (item,) = json.loads(scene.call("GET", POLLING, query=query).body)["items"]
    assert item["businessIdentifiers"][0]["value"] == "LATER"


def test_polling_needs_a_mark() -> None:
    assert Scene().call("GET", POLLING).status == 400
    assert Scene().call("GET", POLLING, query={"pageToken": "nonsense"}).status == 400
    assert Scene().call("GET", POLLING, query={"startDateTime": "yesterday"}).status == 400
