"""The service as a process of its own, over a real connection."""

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.payer_simulator.scenes import (
    KEY,
    PROFESSIONAL_CLAIMS,
    Sent,
    member,
    scripted,
    world,
)

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]


def _free_port() -> int:
    for port in range(8700, 8800):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise AssertionError("no free port")


class Running:
    def __init__(self, port: int) -> None:
        self.port = port

    def call(
        self, method: str, path: str, body: object = None, key: str = "", seconds: float = 10
    ) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        headers = {"Authorization": KEY, "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        try:
            raw = None if body is None else json.dumps(body)
            connection.request(method, path, raw, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()

    def send(self, claim: Sent, key: str, seconds: float = 10) -> tuple[int, bytes, dict[str, str]]:
        return self.call("POST", PROFESSIONAL_CLAIMS, {"x12": claim.x12()}, key, seconds)

    def received(self) -> int:
        report = json.loads(self.call("GET", "/_sim/report")[1])
        return int(report["totals"]["submissions_received"])


def _script() -> list[dict[str, object]]:
    faults = {
        "T": {"kind": "timeout_after_accepting", "seconds": 60},
        "L": {"kind": "answer_lost"},
        "S": {"kind": "slow", "seconds": 1.0},
    }
    return [
        scripted(name, match={"patient_control_number": name}, submission=[fault])
        for name, fault in faults.items()
    ]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("simulator")
    file = folder / "world.json"
    file.write_text(json.dumps(world(script=_script(), members=[member()])))
    port = _free_port()
    root = Path(__file__).parents[3]
    process = subprocess.Popen(
        [
            sys.executable, "-m", "local.payer_simulator", "--port", str(port),
            "--world", str(file), "--state-file", str(folder / "journal.jsonl"),
        ],
        cwd=root, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert f"http://127.0.0.1:{port}" in process.stdout.readline()
        yield Running(port)
    finally:
        process.terminate()
        assert process.wait(timeout=10) in {0, -15}


def test_it_says_that_it_is_ready(running: Running) -> None:
    status, body, _ = running.call("GET", "/_sim/health")
    assert (status, json.loads(body)["status"]) == (200, "ready")


def test_a_client_that_gives_up_finds_its_claim_on_file(running: Running) -> None:
    before = running.received()
    claim = Sent(pcn="T", day="2026-02-10")
    with pytest.raises(TimeoutError):
        running.send(claim, "timeout", seconds=0.3)
    deadline = time.monotonic() + 5
    status = 0
    while status != 200 and time.monotonic() < deadline:
        status, _body, headers = running.send(claim, "timeout")
    assert headers["idempotency-replayed"] == "true"
    assert running.received() == before + 1


def test_an_answer_is_cut_on_the_way(running: Running) -> None:
    claim = Sent(pcn="L", day="2026-02-11")
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        running.send(claim, "lost")
    status, _body, headers = running.send(claim, "lost")
    assert (status, headers["idempotency-replayed"]) == (200, "true")


def test_two_at_once_under_one_key_land_once(running: Running) -> None:
    before = running.received()
    claim = Sent(pcn="S", day="2026-02-12")
    answers: list[tuple[int, bytes, dict[str, str]]] = []
    first = threading.Thread(target=lambda: answers.append(running.send(claim, "slow")))
    first.start()
    deadline = time.monotonic() + 5
    while running.received() == before and time.monotonic() < deadline:
        pass
    status, _body, headers = running.send(claim, "slow")
    assert status == 409
    assert int(headers["retry-after"]) >= 1
    first.join(timeout=10)
    assert answers[0][0] == 200
    assert running.send(claim, "slow")[1] == answers[0][1]
    assert running.received() == before + 1


def test_a_bad_world_is_one_line_and_not_a_stack_trace(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    file.write_text('{"today": "2026-03-02", "api_keys": ["k"], "payers": [{"payer_id": "x"}]}')
    done = subprocess.run(
        [sys.executable, "-m", "local.payer_simulator", "--port", "8799", "--world", str(file)],
        cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "payers.0" in done.stderr
    assert "Traceback" not in done.stderr
