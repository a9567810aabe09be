"""Children of the runner: started in groups of their own, watched until ready, stopped whole."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalCloudError

LOOPBACK = "127.0.0.1"
_POLL_SECONDS = 0.1
_GRACE_SECONDS = 6.0
_LINES_SHOWN = 3


def free_port(usual: int = 0) -> int:
    """A port nobody listens on now: the usual one, or any."""
    with socket.socket() as listener:
        # Without it a connection that has just been closed still counts.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, usual))
        except OSError:
            return free_port()
        port: int = listener.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A running process that leads its own group, and where its output goes."""

    name: str
    pid: int
    log: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        if self.process is not None:
            return self.process.poll() is None
        return is_running(self.pid)


def is_running(pid: int) -> bool:
    """Whether a process has this number; a zombie that nobody reaped counts as gone."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    status = Path(f"/proc/{pid}/stat")
    with contextlib.suppress(OSError):
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def start(
    name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str], folder: Path
) -> Child:
    """Start a child in a group of its own; its output goes to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - every command is one of ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
        )
    return Child(name=name, pid=process.pid, log=log, process=process)


def stop(child: Child) -> None:
    """End a child and whatever it started: politely, then not."""
    for wanted, seconds in ((signal.SIGTERM, _GRACE_SECONDS), (signal.SIGKILL, _GRACE_SECONDS)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, wanted)
        if _ended(child, seconds):
            break
    # The leader is gone; what it left behind in its group goes as well.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def _ended(child: Child, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not child.is_running:
            return True
        time.sleep(_POLL_SECONDS)
    return not child.is_running


def run(
    name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str], folder: Path
) -> None:
    """Run a command to its end, its output in `log`.

    Raises
    ------
    LocalCloudError
        If it fails; the message quotes the last lines of its output.
    """
    child = start(name, command, log=log, environment=environment, folder=folder)
    try:
        code = child.process.wait() if child.process else 1
    except BaseException:
        stop(child)
        raise
    if code:
        raise LocalCloudError(
            f"{name} failed: {last_lines(log)}.", advice=f"The whole log is {log}."
        )


def wait_until_ready(
    child: Child, is_ready: Callable[[], bool], *, seconds: float, advice: str
) -> None:
    """Poll until the child says it is ready.

    Raises
    ------
    LocalCloudError
        If it ends before, or is not ready in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not child.is_running:
            raise LocalCloudError(
                f"{child.name} ended while starting: {last_lines(child.log)}.",
                advice=f"{advice} Its log is {child.log}.",
            )
        if is_ready():
            return
        time.sleep(_POLL_SECONDS)
    raise LocalCloudError(
        f"{child.name} was not ready within {seconds:.0f} s.",
        advice=f"{advice} Its log is {child.log}.",
    )


def answers(url: str) -> bool:
    """Whether a GET is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - loopback only
            return bool(response.status == 200)  # noqa: PLR2004 - HTTP's word for yes
    except (urllib.error.URLError, OSError):
        return False


def last_lines(log: Path) -> str:
    """The last lines of a log that say something, on one line."""
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    except OSError:
        return "no output"
    return " / ".join([line for line in lines if line][-_LINES_SHOWN:]) or "no output"


def interpreter() -> str:
    """The interpreter everything runs under: the one that runs this."""
    return sys.executable
