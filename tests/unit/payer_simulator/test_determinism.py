import json
import random
import time
from typing import Any

from local.payer_simulator.api import Api, Request
from local.payer_simulator.service import Journal
from local.payer_simulator.world import World
from tests.unit.payer_simulator.scenes import (
    KEY,
    PROFESSIONAL_CLAIMS,
    Line,
    Scene,
    Sent,
    imbalances,
    inquiry_270,
    inquiry_276,
    member,
    payer,
    scripted,
    world,
)


def _claims(count: int = 20) -> list[Sent]:
    return [
        Sent(
            pcn=f"PCN{number:05d}",
            member_id=f"W{number % 7}",
            day=f"2026-02-{1 + number % 28:02d}",
            lines=(Line(charge=str(100 + number)),),
            control=number + 1,
        )
        for number in range(count)
    ]


def _parts() -> dict[str, Any]:
    share = {"copay_cents": 1000, "deductible_cents": 30000, "coinsurance_percent": 20}
    deny = {"kind": "deny", "reason": {"group": "CO", "carc": "16"}}
    return {
        "payers": [payer(cost_share=share)],
        "members": [member(f"W{number}") for number in range(7)],
        "script": [
            scripted("some", match={"one_in": 3}, adjudication=deny),
            scripted("others", match={"payer_id": "SIMCO"}, follow_ups=[{"kind": "reversal"}]),
        ],
        "remittance_script": [
            {"name": "twice", "payer_id": "SIMCO", "wave": 1, "kind": "duplicate_file"}
        ],
    }


def _day(claims: list[Sent], *, ask: bool = False) -> list[bytes]:
    scene = Scene(_parts())
    for claim in claims:
        scene.send(claim, key=claim.pcn)
        if ask:
            scene.ask(inquiry_270("W1"))
            scene.ask_status(inquiry_276("W1"))
    waves = [scene.deliver().value for _ in range(3)]
    return [json.dumps(one, sort_keys=True).encode() for one in [*waves, scene.report()["claims"]]]


def test_the_same_world_and_calls_give_the_same_bytes() -> None:
    assert _day(_claims(), ask=True) == _day(_claims(), ask=True)


def test_who_comes_first_does_not_matter_to_the_files_of_a_wave() -> None:
    shuffled = _claims()
    random.Random(7).shuffle(shuffled)  # noqa: S311
    assert _day(_claims())[:3] == _day(shuffled)[:3]


def test_inquiries_do_not_shift_the_files() -> None:
    assert _day(_claims())[:3] == _day(_claims(), ask=True)[:3]


def test_a_share_of_claims_is_scripted_and_always_the_same() -> None:
    scene = Scene(_parts())
    for claim in _claims(60):
        scene.send(claim)
    scene.remit()
    denied = [one for one in scene.report()["claims"] if one["fate"] == "denied"]
    assert 8 <= len(denied) <= 32
    assert all(one["script"] == ["some", "others"] for one in denied)


def test_loading_a_world_begins_anew() -> None:
    scene = Scene(_parts())
    scene.send(Sent(member_id="W1"))
    assert scene.call("POST", "/_sim/world", world()).status == 200
    assert scene.report()["claims"] == []
    assert scene.call("POST", "/_sim/world", {"today": "x"}).status == 400
    again = scene.send(Sent(), key="fresh")
    assert again.status == 200


def test_a_journal_brings_the_state_back(tmp_path: Any) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    first = Api(World.model_validate(world()))
    requests = [
        Request(
            "POST",
            PROFESSIONAL_CLAIMS,
            {},
            {"authorization": KEY, "idempotency-key": claim.pcn},
            json.dumps({"x12": claim.x12()}).encode(),
        )
        for claim in (Sent(), Sent(pcn="PCN2", day="2026-02-21"))
    ]
    requests.append(Request("POST", "/_sim/deliver"))
    requests.append(Request("GET", "/_sim/report"))
    for request in requests:
        journal.write(request)
        last = first.handle(request)
    second = Api(World.model_validate(world()))
    assert journal.replay(second) == 3
    assert second.handle(requests[-1]).body == last.body


def test_some_thousand_claims_do_not_slow_it_down() -> None:
    scene = Scene(_parts())
    started = time.perf_counter()
    for claim in _claims(3000):
        assert scene.send(claim, key=claim.pcn).status == 200
    delivery = scene.deliver()
    seconds = time.perf_counter() - started
    files = delivery.x12("835")
    assert sum(len(one.all("CLP")) for one in files) == 2 * 3000
    assert [imbalances(one) for one in files] == [[], []]
    assert seconds < 30
