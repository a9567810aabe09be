"""A nursery for the emulator's Python functions: one process that has loaded what they all load, and forks.

Starting an interpreter and loading boto3, Powertools and pydantic takes most of a second of a processor, and a day on
the local cloud starts some fifty functions. A child of the nursery begins where a started interpreter would be after
loading the libraries of the layer; its own code, its environment and its clients are loaded as ever.

Run as a script with one argument, the descriptor of a socket: it imports nothing of the project, so that a function
finds what its own asset holds, or nothing.
"""

import contextlib
import importlib
import json
import os
import random
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_LAYERS = "_LAMBDA_LAYERS_DIRS"
_MESSAGE_BYTES = 1 << 18
_STANDARD_STREAMS = (0, 1, 2)
_POLL_SECONDS = 0.01
_LIBRARIES = (
    "boto3",
    "aws_lambda_powertools",
    "aws_lambda_powertools.metrics",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "msgspec",
    "pydantic",
)


class Nursery:
    """The nursery of one set of layers, as the emulator sees it."""

    def __init__(self, layers: str) -> None:
        self._lock = threading.Lock()
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            subprocess.Popen(  # noqa: S603 - this file
                [sys.executable, __file__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                env={**os.environ, _LAYERS: layers},
                pass_fds=(theirs.fileno(),),
            )

    def child(self, script: str, *, cwd: str, env: Mapping[str, str]) -> "Child":
        """A process that runs a script as `subprocess.Popen` would start it, with pipes for its three streams."""
        pipes = [os.pipe() for _ in _STANDARD_STREAMS]
        (their_in, our_in), (our_out, their_out), (our_err, their_err) = pipes
        theirs = [their_in, their_out, their_err]
        order = json.dumps({"script": script, "cwd": cwd, "env": dict(env)}).encode()
        try:
            with self._lock:
                socket.send_fds(self._ours, [order], theirs)
                answer = self._ours.recv(_MESSAGE_BYTES)
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        if not answer:
            message = "The nursery of the functions has ended."
            raise RuntimeError(message)
        return Child(int(answer), our_in, our_out, our_err)


class Child:
    """As much of `subprocess.Popen` as the emulator asks of a worker."""

    def __init__(self, pid: int, stdin: int, stdout: int, stderr: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdin = os.fdopen(stdin, "w", buffering=1)
        self.stdout = os.fdopen(stdout)
        self.stderr = os.fdopen(stderr)

    def poll(self) -> int | None:
        """None while it runs. How it ended is not known here: the nursery lets the system forget it."""
        if self.returncode is None:
            try:
                os.kill(self.pid, 0)
            except ProcessLookupError:
                self.returncode = -1
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; raises as `subprocess.Popen.wait` does."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            time.sleep(_POLL_SECONDS)
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def send_signal(self, wanted: int) -> None:
        """Send a signal, unless it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, wanted)


def _serve(descriptor: int) -> None:
    """Fork a child for each order, until the emulator is gone."""
    _load_libraries()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    orders = socket.socket(fileno=descriptor)
    while True:
        order, streams, _, _ = socket.recv_fds(orders, _MESSAGE_BYTES, len(_STANDARD_STREAMS))
        if not order:
            return
        pid = os.fork()
        if pid == 0:
            orders.close()
            _live(json.loads(order), streams)
        for stream in streams:
            os.close(stream)
        orders.send(str(pid).encode())


def _load_libraries() -> None:
    before = list(sys.path)
    sys.path[:0] = [str(Path(layer, "python")) for layer in os.environ[_LAYERS].split(os.pathsep)]
    for name in _LIBRARIES:
        importlib.import_module(name)
    # A client's classes load with the first one made; this one belongs to no session that a function uses.
    importlib.import_module("boto3.session").Session().client(
        "dynamodb",
        region_name="us-east-1",
        aws_access_key_id="-",
        aws_secret_access_key="-",  # noqa: S106 - of nobody
    )
    sys.path[:] = before


def _live(order: Mapping[str, Any], streams: list[int]) -> None:
    """Become the worker; never returns."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for stream, standard in zip(streams, _STANDARD_STREAMS, strict=True):
            os.dup2(stream, standard)
            os.close(stream)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115 - descriptors
        os.environ.clear()
        os.environ.update(order["env"])
        os.chdir(order["cwd"])
        random.seed()
        sys.argv = [order["script"]]
        sys.path[0] = str(Path(order["script"]).parent)
        runpy.run_path(order["script"], run_name="__main__")
        code = 0
    except BaseException:  # noqa: BLE001 - the end of a process
        traceback.print_exc()
    finally:
        for written in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                written.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
