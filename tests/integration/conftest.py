"""The payer simulator as a process of its own, and this test's world in it."""

import base64
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.integration.stage import Stage, on_stage

ROOT = Path(__file__).parents[2]

PAYER = {
    "payer_id": "BPK01",
    "name": "BLUE PEAK HEALTH",
    "kind": "commercial",
    "tax_id": "412345678",
    "plan_name": "GOLD PPO",
    "contract": {"allowed_percent_of_charge": 70, "fee_schedule_cents": {"99213": 9_800}},
    "cost_share": {"copay_cents": 2_500},
    "filing_limit_days": 180,
    "unknown_member": "reject",
}
MEMBER = {
    "payer_id": "BPK01",
    "member_id": "ABC123456789",
    "last_name": "QUILLFEATHER",
    "first_name": "ADA",
    "birth_date": "1980-05-17",
    "sex": "F",
    "coverage": [{"begins_on": "2025-01-01"}],
}
WORLD = {
    "version": 1,
    "today": "2026-03-02",
    "api_keys": ["local-key"],
    "payers": [PAYER],
    "members": [MEMBER],
}


@dataclass(frozen=True)
class Simulator:
    """Where it listens, and the levers only a test may pull."""

    url: str
    http: urllib3.PoolManager

    def world(self, *script: dict[str, Any], **changes: Any) -> None:
        """Begin anew, with these things scripted to happen."""
        self.control("/_sim/world", {**WORLD, "script": list(script), **changes})

    def control(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.http.request("POST", self.url + path, json=body)
        assert answer.status == 200, answer.data
        found: dict[str, Any] = answer.json()
        return found

    def deliver(self, *kinds: str) -> dict[str, Any]:
        """What the clearinghouse drops next; each file's bytes under `body`."""
        delivered = self.control("/_sim/deliver", {"kinds": list(kinds), "inline": True})
        for file in delivered["files"]:
            file["body"] = base64.b64decode(file["content_base64"])
        return delivered

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = self.http.request("GET", f"{self.url}/_sim/report").json()
        return found

    @property
    def landed(self) -> int:
        """Claims that reached the clearinghouse."""
        return int(self.report()["submissions"]["landed"])


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """One process for all tests; each begins with a world of its own."""
    file = tmp_path_factory.mktemp("simulator") / "world.json"
    file.write_text(json.dumps(WORLD))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = ["-m", "local.payer_simulator", "--port", str(port), "--world", str(file)]
    running = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout is not None
        ready = running.stdout.readline()
        assert "ready" in ready, ready
        yield Simulator(f"http://127.0.0.1:{port}", urllib3.PoolManager(retries=False))
    finally:
        running.terminate()
        running.wait(timeout=10)


@pytest.fixture
def simulator(process: Simulator) -> Simulator:
    process.world()
    return process


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    with on_stage(made, made.log):
        yield made
