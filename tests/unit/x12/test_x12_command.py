"""``billing x12``: what it prints and how it exits."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.x12 import x12_commands

from .examples import isa, remittance
from .seeds import seeds
from .test_sample_files import FILES

ROOT = Path(__file__).parents[3]


@dataclass
class Done:
    returncode: int
    stdout: bytes
    stderr: bytes


def x12(*arguments: str, given: bytes = b"") -> Done:
    result = CliRunner().invoke(x12_commands, arguments, input=given)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(result.exit_code, result.stdout_bytes, result.stderr_bytes)


def test_it_runs_as_a_program(era: Path) -> None:
    program = "from cli.x12 import x12_commands; x12_commands(prog_name='x12')"
    done = subprocess.run(
        [sys.executable, "-c", program, "read", str(era)],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["kind"] == "835"


@pytest.fixture
def era(tmp_path: Path) -> Path:
    path = tmp_path / "era.x12"
    path.write_bytes(remittance())
    return path


def lines(output: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_read_prints_one_object_per_transaction(era: Path) -> None:
    done = x12("read", str(era))
    assert (done.returncode, done.stderr) == (0, b"")
    (item,) = lines(done.stdout)
    assert (item["type"], item["kind"], item["control_number"]) == ("transaction", "835", "0001")
    fields = item["fields"]
    assert fields["payment_cents"] == 70_000
    assert fields["settlement_date"] == "2026-04-01"
    claim = fields["groups"][0]["claims"][0]
    assert claim["lines"][0]["adjustments"][0] == {"group": "PR", "reason": "3", "amount": "30"}
    assert item["faults"] == []


def test_read_then_write_gives_the_same_bytes(tmp_path: Path) -> None:
    content = b"".join(seeds())
    path = tmp_path / "all.x12"
    path.write_bytes(content)
    done = x12("read", str(path))
    assert done.returncode == 0
    again = x12("write", given=done.stdout)
    assert again.returncode == 0
    # Every seed was made under the same control numbers, and none is taken for its neighbour.
    assert again.stdout == content


def test_a_refusal_is_an_object_too_and_cannot_be_written(era: Path) -> None:
    era.write_bytes(remittance().replace(b"*0001~GE", b"*0002~GE"))
    done = x12("read", str(era))
    assert done.returncode == 1
    (item,) = lines(done.stdout)
    assert item["type"] == "refusal"
    assert item["error"]["element"] == "SE02"
    assert item["raw"].startswith("ST*835")
    again = x12("write", given=done.stdout)
    assert again.returncode == 1
    assert b"line 1: a refusal cannot be written (control_number)" in again.stderr
    assert b"Traceback" not in again.stderr


@pytest.mark.parametrize("given", [b"no json\n", b"{}\n", b'{"type": "transaction"}\n', b"[1]\n"])
def test_write_refuses_what_read_does_not_print(given: bytes) -> None:
    done = x12("write", given=given)
    assert done.returncode == 1
    assert done.stderr.startswith(b"line 1:")
    assert b"Traceback" not in done.stderr


def test_check_is_content_with_a_good_file(era: Path) -> None:
    done = x12("check", str(era))
    assert done.returncode == 0
    assert done.stdout.startswith(b"good    835 000000001/1/0001")
    (verdict,) = lines(x12("check", "--json", str(era)).stdout)
    assert verdict["figures"]["is_balanced"] is True
    assert verdict["figures"]["claims_paid_cents"] == 72_000


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        (b"I*700*", b"I*701*", b"payment does not balance: -1.00"),
        (b"*45*20~", b"*45*21~", b"line 1 -1.00"),
        (b"XX*1234567893", b"XX*1234567890", b"N104 is not a valid NPI"),
        (b"*20260401~", b"*20261301~", b"BPR16"),
        (b"SE*", b"SE*9", b"SE01"),
    ],
)
def test_check_says_what_is_wrong(era: Path, before: bytes, after: bytes, word: bytes) -> None:
    era.write_bytes(remittance().replace(before, after))
    done = x12("check", str(era))
    assert done.returncode == 1
    assert word in done.stdout


def test_check_may_be_lenient_about_identifiers(era: Path) -> None:
    era.write_bytes(remittance().replace(b"XX*1234567893", b"XX*1234567890"))
    done = x12("check", "--lenient-identifiers", str(era))
    assert done.returncode == 0
    assert b"not a valid NPI" in done.stdout


@pytest.mark.parametrize("command", ["read", "check", "explain"])
@pytest.mark.parametrize("content", [b"no X12 at all", b"", isa().encode()[:50]])
def test_what_is_no_x12_exits_two(tmp_path: Path, command: str, content: bytes) -> None:
    path = tmp_path / "letter.txt"
    path.write_bytes(content)
    done = x12(command, str(path))
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    missing = x12(command, str(tmp_path / "missing"))
    assert missing.returncode == 2
    assert b"No such file" in missing.stderr


def test_explain_tells_segments_in_words(era: Path) -> None:
    done = x12("explain", "--no-colour", str(era))
    assert done.returncode == 0
    text = done.stdout.decode()
    assert "claim payment: patient control number C1; status 1 (processed as primary)" in text
    assert "group PR (the patient's)" in text
    assert "\x1b[" not in text
    assert b"\x1b[" in x12("explain", "--colour", str(era)).stdout


def test_standard_input_is_a_file_too() -> None:
    assert x12("check", "-", given=remittance()).returncode == 0


@pytest.mark.skipif(not FILES, reason="no sample files")
def test_every_sample_that_reads_comes_back_exactly() -> None:
    from functions.billing.x12.tokens import segments  # noqa: PLC0415

    for path in FILES:
        done = x12("read", str(path))
        if done.returncode:
            continue
        again = x12("write", given=done.stdout)
        before = [s[0] for s in segments(path.read_bytes()) if isinstance(s, tuple)]
        assert [s[0] for s in segments(again.stdout) if isinstance(s, tuple)] == before


@pytest.mark.parametrize("command", ["read", "check", "explain"])
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, command: str) -> None:
    path = tmp_path / "empty.x12"
    path.write_bytes(b" \r\n")
    done = x12(command, str(path))
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"nothing in it" in done.stderr


def test_what_could_not_be_explained_shows_in_the_exit_code(era: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.x12"
    cut.write_bytes(era.read_bytes()[:400])
    assert x12("explain", str(era)).returncode == 0
    assert x12("explain", str(cut)).returncode == 1


@pytest.mark.parametrize("command", ["read", "check", "explain"])
def test_a_closed_standard_input_is_unreadable(command: str) -> None:
    program = f"import sys; sys.stdin = None\nfrom cli.x12 import x12_commands\nx12_commands(['{command}', '-'])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"standard input is closed" in done.stderr
    assert b"Traceback" not in done.stderr
