"""A nursery for the emulator's Python functions: one process that has loaded what they all load, and forks.

Starting an interpreter and loading boto3, Powertools, pydantic and the product's own modules takes most of a second of
a processor, and a day on the local cloud starts some ninety processes. A child of the nursery begins where a started
interpreter would be after loading the libraries of the layer and the code that all assets hold alike; its own step, its
environment and its clients are loaded as ever.

Run as a script with one argument, the descriptor of a socket: it imports nothing of the project but what it finds in
the first function's asset, so that a function finds what its own asset holds, or nothing.
"""

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import random
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

# The package that every function's asset holds, and the part of it that reads the environment while it loads.
SHARED = "functions.billing"
_NOT_SHARED = f"{SHARED}.runtime"
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
_SERVICES = ("appconfigdata", "dynamodb", "events", "s3", "secretsmanager", "stepfunctions")


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
    loaded: Path | None = None
    while True:
        message, streams, _, _ = socket.recv_fds(orders, _MESSAGE_BYTES, len(_STANDARD_STREAMS))
        if not message:
            return
        order = json.loads(message)
        code = _shared_code(order["cwd"])
        if loaded is None and code.is_dir():
            loaded = code
            _load_shared(order["cwd"])
            # What is here to stay need not be looked at, and copied, by each child's garbage collector.
            gc.freeze()
        pid = os.fork()
        if pid == 0:
            orders.close()
            _keep_loaded(SHARED if code == loaded else "")
            _live(order, streams)
        for stream in streams:
            os.close(stream)
        orders.send(str(pid).encode())


def _shared_code(folder: str) -> Path:
    """Where a function's shared code lies: one place for all who hold the same."""
    return Path(folder, *SHARED.split(".")).resolve()


def _load_libraries() -> None:
    with _searched_first():
        for name in _LIBRARIES:
            importlib.import_module(name)
        _read_files_once(importlib.import_module("botocore.loaders"))
        # A client's classes load with the first one made; these belong to no session that a function uses.
        session = importlib.import_module("boto3.session").Session()
        for service in _SERVICES:
            session.client(
                service,
                region_name="us-east-1",
                aws_access_key_id="-",
                aws_secret_access_key="-",  # noqa: S106 - of nobody
            )


def _read_files_once(loaders: Any) -> None:
    """Let every session share what botocore reads of the services, as one session's clients do."""
    read = loaders.JSONFileLoader.load_file
    known: dict[str, Any] = {}

    def load_file(self: Any, path: str) -> Any:
        if path not in known:
            known[path] = read(self, path)
        return known[path]

    loaders.JSONFileLoader.load_file = load_file


def _load_shared(folder: str) -> None:
    with _searched_first(folder):
        package = importlib.import_module(SHARED)
        for module in pkgutil.walk_packages(package.__path__, f"{SHARED}."):
            if not module.name.startswith(_NOT_SHARED):
                importlib.import_module(module.name)


def _keep_loaded(package: str) -> None:
    """Forget what was loaded from the assets but this package: each function has a `functions` of its own."""
    own = SHARED.partition(".")[0]
    for name in list(sys.modules):
        is_kept = package and f"{name}.".startswith(f"{package}.")
        if f"{name}.".startswith(f"{own}.") and (not is_kept or name.startswith(_NOT_SHARED)):
            del sys.modules[name]


@contextlib.contextmanager
def _searched_first(*folders: str) -> Iterator[None]:
    """Search these folders and then the layers, as a function does, before all else."""
    layers = (str(Path(one, "python")) for one in os.environ[_LAYERS].split(os.pathsep))
    before = list(sys.path)
    sys.path[:0] = (*folders, *layers)
    yield
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
