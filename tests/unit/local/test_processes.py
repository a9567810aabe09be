import os
import socket
import sys
import time
from pathlib import Path

import pytest

from local.errors import LocalCloudError
from local.processes import (
    LOOPBACK,
    free_port,
    is_running,
    last_lines,
    run,
    start,
    stop,
    wait_until_ready,
)

PYTHON = sys.executable
PARENT = (
    "import subprocess,sys,time;"
    "child=subprocess.Popen([sys.executable,'-c','import time;time.sleep(60)']);"
    "print(child.pid,flush=True);time.sleep(60)"
)


def test_stopping_a_child_stops_what_it_started(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    child = start(
        "a child", [PYTHON, "-c", PARENT], log=log, environment=os.environ, folder=tmp_path
    )
    wait_until_ready(child, lambda: bool(log.read_text().strip()), seconds=20, advice="")
    grandchild = int(log.read_text())

    stop(child)

    assert not child.is_running
    deadline = time.monotonic() + 10
    while is_running(grandchild) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(grandchild)


def test_a_child_that_ends_while_starting_is_reported_with_its_last_words(tmp_path: Path) -> None:
    child = start(
        "The emulator",
        [PYTHON, "-c", "raise SystemExit('no such port')"],
        log=tmp_path / "log",
        environment=os.environ,
        folder=tmp_path,
    )

    with pytest.raises(LocalCloudError, match="The emulator ended while starting: no such port"):
        wait_until_ready(child, lambda: False, seconds=20, advice="Look.")


def test_a_command_that_fails_says_where_its_log_is(tmp_path: Path) -> None:
    log = tmp_path / "deploy.log"

    with pytest.raises(LocalCloudError) as failure:
        run(
            "cdk deploy",
            [PYTHON, "-c", "print('stack refused'); raise SystemExit(3)"],
            log=log,
            environment=os.environ,
            folder=tmp_path,
        )

    assert "cdk deploy failed: stack refused" in str(failure.value)
    assert str(log) in str(failure.value)


def test_only_lines_that_say_something_are_quoted(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("one\n\n  two\n\nthree\nfour\n\n")

    assert last_lines(log) == "two / three / four"
    assert last_lines(tmp_path / "absent") == "no output"


@pytest.mark.enable_socket
def test_the_usual_port_is_given_unless_somebody_listens_on_it() -> None:
    usual = free_port()
    assert free_port(usual) == usual

    with socket.socket() as listener:
        listener.bind((LOOPBACK, usual))
        listener.listen()
        assert free_port(usual) not in {0, usual}
