"""Run the emulator with what ministack 1.5.33 lacks for workflows that retry by error name.

* A Python function's error reaches Step Functions under its class name, as on AWS (the emulator
  says ``Runtime.HandlerError`` for every one), and does not cost the worker its warm start.
* A function without a free place is refused as ``Lambda.TooManyRequestsException`` (the
  emulator says ``Lambda.Unknown``).
* Invocations of a function wait for one of a few processes (the emulator starts one each, and does
  not see the reserved concurrency that a template asks for).
* The dependency layer and the code that functions share are unpacked once, not for every worker
  (the emulator spends about a second of its one interpreter on each cold start otherwise), and the
  layer's libraries are loaded once, in a nursery that forks.
* Retries honour ``MaxDelaySeconds`` and ``JitterStrategy`` (the emulator ignores both).
* Who asks AppConfig for a configuration needs the permission for that configuration (the emulator
  asks for one on everything).
* HTTP is served by uvicorn (the emulator spends a third of its one interpreter on parsing it).
* One request tells whether anything is on its way (asking after every queue and every workflow keeps
  it busier than the work asked after).
* A distributed Map may be written in JSONata (the emulator evaluates ``Items``, ``ItemSelector``,
  ``Output`` and ``Assign`` in inline Maps only).

Everything it changes is private to the emulator, so its version is pinned and each seam is
checked at start.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import inspect
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import types
import zipfile
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypercorn.asyncio
import uvicorn
import uvloop
from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.services import appconfig, lambda_svc, sqs, stepfunctions

from local.motion import MOTION_PATH
from local.nursery import SHARED, Nursery

if TYPE_CHECKING:
    from collections.abc import Collection

TESTED_VERSION = "1.5.33"
THROTTLED_ERROR = "Lambda.TooManyRequestsException"
# More processes than this only take the processor away from one another; fewer wait together for a payer that is slow.
WORKERS_PER_FUNCTION = max(4, (os.cpu_count() or 4) // 2)
# A shorter line is sooner through than another process starts.
LONG_LINE = 3
# Between two glances while somebody waits for stillness.
_GLANCE_SECONDS = 0.02
_SHARED_FOLDER = SHARED.replace(".", "/")
_MARK = "__function_error__"
_WORKER_REPORTS = (
    '_real_stdout.write(json.dumps({"status": "error", "error": str(e), '
    '"trace": traceback.format_exc()}) + "\\n")'
)
# Reported as a result, so that the worker lives on; the wrapper below makes it an error again.
_WORKER_REPORTS_BY_NAME = (
    '_real_stdout.write(json.dumps({"status": "ok", "result": {"' + _MARK + '": '
    '{"errorType": type(e).__name__, "errorMessage": str(e), "trace": traceback.format_exc()}}}) '
    '+ "\\n")'
)


def name_function_errors() -> None:
    """Let a function's error carry the name of its class."""
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    if script.count(_WORKER_REPORTS) != 1:
        message = "The emulator's Python worker is not the one this was written for."
        raise RuntimeError(message)
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(_WORKER_REPORTS, _WORKER_REPORTS_BY_NAME)
    original = lambda_svc._execute_function_warm

    @functools.wraps(original)
    def execute(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        result: dict[str, Any] = original(func, event, request_id)
        body = result.get("body")
        if not isinstance(body, dict) or _MARK not in body:
            return result
        error = body[_MARK]
        return {
            "body": {"errorType": error["errorType"], "errorMessage": error["errorMessage"]},
            "error": True,
            "log": "\n".join(part for part in (result.get("log", ""), error["trace"]) if part),
        }

    lambda_svc._execute_function_warm = execute


def name_throttles() -> None:
    """Let Step Functions see a throttle under AWS's name."""
    original = lambda_svc._throttle_response

    @functools.wraps(original)
    def throttle(*arguments: Any, **options: Any) -> dict[str, Any]:
        result: dict[str, Any] = original(*arguments, **options)
        result["body"]["errorType"] = THROTTLED_ERROR
        return result

    lambda_svc._throttle_response = throttle


class _Line:
    """Invocations of one function, in line for one process, or for one of a few while the line is long."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting = self._running = 0

    def __enter__(self) -> None:
        with self._changed:
            self._waiting += 1
            self._changed.notify_all()
            self._changed.wait_for(self._has_a_place)
            self._waiting -= 1
            self._running += 1

    def _has_a_place(self) -> bool:
        return self._running < (WORKERS_PER_FUNCTION if self._waiting >= LONG_LINE else 1)

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._running -= 1
            self._changed.notify_all()


def queue_for_workers() -> None:
    """Let invocations wait in line for one of a few processes, instead of starting one each."""
    original = lambda_svc._execute_function_warm
    lines: defaultdict[str, _Line] = defaultdict(_Line)
    lock = threading.Lock()

    @functools.wraps(original)
    def execute(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        name = (func.get("config") or func).get("FunctionName", "")
        with lock:
            line = lines[name]
        with line:
            result: dict[str, Any] = original(func, event, request_id)
        return result

    lambda_svc._execute_function_warm = execute


class _Unpacked:
    """What was unpacked already, by its content: many functions hold the same."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="emulator-unpacked-"))
        self._lock = threading.Lock()

    def folder_of(self, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> Path:
        """A folder with these members of an archive."""
        content = repr([(one.filename, one.CRC) for one in members])
        folder = self._folder / hashlib.sha256(content.encode()).hexdigest()
        with self._lock:
            if not folder.exists():
                archive.extractall(folder, members)
        return folder


def share_layers(unpacked: _Unpacked) -> None:
    """Unpack each layer once, for all workers."""
    original = lambda_runtime.Worker._spawn

    @functools.cache
    def folder_of(arn: str) -> str:
        content = io.BytesIO(lambda_svc._resolve_layer_zip(arn))
        with zipfile.ZipFile(content) as archive:
            return str(unpacked.folder_of(archive, archive.infolist()))

    @functools.wraps(original)
    def spawn(self: Any) -> None:
        layers = self.config.get("Layers", [])
        if layers:
            arns = [layer if isinstance(layer, str) else layer["Arn"] for layer in layers]
            # The worker's bootstrap reads this variable; every function has the same one layer.
            os.environ["_LAMBDA_LAYERS_DIRS"] = os.pathsep.join(map(folder_of, arns))
            self.config = {**self.config, "Layers": []}
        original(self)

    lambda_runtime.Worker._spawn = spawn


def share_code(unpacked: _Unpacked) -> None:
    """Unpack what all functions have in common once, and let each have a link to it."""

    class Archive(zipfile.ZipFile):
        def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
            shared = [
                one for one in self.infolist() if one.filename.startswith(f"{_SHARED_FOLDER}/")
            ]
            if not shared or members is not None:
                super().extractall(path, members, pwd)
                return
            own = [
                one for one in self.infolist() if not one.filename.startswith(f"{_SHARED_FOLDER}/")
            ]
            super().extractall(path, own, pwd)
            Path(path, _SHARED_FOLDER).symlink_to(unpacked.folder_of(self, shared) / _SHARED_FOLDER)

    lambda_runtime.zipfile = types.SimpleNamespace(**{**vars(zipfile), "ZipFile": Archive})


def raise_workers() -> None:
    """Let Python workers come out of a nursery, where a process can be forked."""
    if sys.platform != "linux":
        return
    nursery = functools.cache(Nursery)
    lock = threading.Lock()

    def start(command: list[str], **options: Any) -> Any:
        layers = options.get("env", {}).get("_LAMBDA_LAYERS_DIRS")
        if not layers or not command[-1].endswith("_worker.py"):
            return subprocess.Popen(command, **options)  # noqa: S603 - the emulator's own commands
        with lock:
            chosen = nursery(layers)
        return chosen.child(command[-1], cwd=options["cwd"], env=options["env"])

    lambda_runtime.subprocess = types.SimpleNamespace(**{**vars(subprocess), "Popen": start})


def spread_retries() -> None:
    """Hand the retry loop an interval that is already limited and jittered."""
    original = stepfunctions._find_matching_retrier

    @functools.wraps(original)
    def find(retriers: Any, error: str, retry_counts: dict[int, int]) -> Any:
        retrier, index = original(retriers, error, retry_counts)
        if retrier is None:
            return retrier, index
        count = retry_counts.get(index, 0)
        seconds = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** count
        seconds = min(seconds, retrier.get("MaxDelaySeconds", seconds))
        if retrier.get("JitterStrategy") == "FULL":
            seconds *= random.random()  # noqa: S311 - spreads load, guards nothing
        return {**retrier, "IntervalSeconds": seconds, "BackoffRate": 1.0}, index

    stepfunctions._find_matching_retrier = find


def name_configurations() -> None:
    """Let a policy that names one AppConfig configuration be enough to hear it, and be needed for it."""
    original = iam_actions.extract_resource_arn
    signature = inspect.signature(original)

    @functools.wraps(original)
    def extract(*arguments: Any, **options: Any) -> str:
        call = signature.bind(*arguments, **options).arguments
        if call["service"] != "appconfigdata":
            known: str = original(*arguments, **options)
            return known
        if call["method"] == "POST":
            asked = json.loads(call["body"])
        else:
            token = call["query_params"].get("configuration_token", "")
            asked = appconfig._sessions.get(token[0] if isinstance(token, list) else token, {})
        return (
            f"arn:aws:appconfig:{call['region']}:{call['account_id']}"
            f":application/{asked.get('ApplicationIdentifier')}"
            f"/environment/{asked.get('EnvironmentIdentifier')}"
            f"/configuration/{asked.get('ConfigurationProfileIdentifier')}"
        )

    iam_actions.extract_resource_arn = extract


def parse_policies_once() -> None:
    """Parse each policy's text once, not twice for every request."""
    original = iam_evaluator.parse_policy_document
    parsed = functools.lru_cache(maxsize=None)(original)

    @functools.wraps(original)
    def parse(doc: Any) -> Any:
        return parsed(doc) if isinstance(doc, str) else original(doc)

    iam_evaluator.parse_policy_document = parse


def evaluate_distributed_maps() -> None:
    """Let a distributed Map be written in JSONata, as an inline one may be."""
    original = stepfunctions._run_distributed_map

    @functools.wraps(original)
    def run_map(
        state: dict[str, Any],
        given: Any,
        effective: Any,
        processor: dict[str, Any],
        execution: dict[str, Any],
        context: dict[str, Any],
    ) -> Any:
        if stepfunctions._state_query_language(state, context) != "JSONata":
            return original(state, given, effective, processor, execution, context)
        items = stepfunctions._jsonata_state_field(state, "Items", "array", given, context)
        selected = [
            stepfunctions._apply_jsonata_template(
                state.get("ItemSelector", item),
                given,
                {**context, "Map": {"Item": {"Index": index, "Value": item}}},
            )
            for index, item in enumerate(items)
        ]
        plain = {
            name: value
            for name, value in state.items()
            if name not in {"Items", "ItemSelector", "Output", "Assign"}
        }
        results, following = original(plain, selected, selected, processor, execution, context)
        output = stepfunctions._apply_jsonata_output(
            state, given, context, result=results, default=results
        )
        stepfunctions._apply_state_assign(state, given, context, result=results)
        return output, following

    stepfunctions._run_distributed_map = run_map


def _in_motion(queues: Collection[str]) -> tuple[int, int]:
    """How many messages these queues hold, whoever may see them, and how many executions run."""
    held = {key[-1]: queue for key, queue in list(sqs._queues._data.items())}
    waiting = sum(len(held[url]["messages"]) for url in queues if url in held)
    executions = list(stepfunctions._executions._data.values())
    return waiting, sum(one["status"] == "RUNNING" for one in executions)


def tell_motion(application: Any) -> Any:
    """The emulator, which also answers what `local.motion` asks."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != MOTION_PATH:
            await application(scope, receive, send)
            return
        asked = json.loads((await receive())["body"])
        until = time.monotonic() + asked["seconds"]
        motion = _in_motion(asked["queues"])
        while sum(motion) > asked["calm"] and time.monotonic() < until:
            await asyncio.sleep(_GLANCE_SECONDS)
            motion = _in_motion(asked["queues"])
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(motion).encode()})

    return answer


def serve_quickly() -> None:
    """Serve HTTP with uvicorn and its compiled parser: Hypercorn's, in Python, takes a third of all the work."""
    uvloop.install()

    async def serve(application: Any, configured: Any) -> None:
        host, _, port = configured.bind[0].rpartition(":")
        config = uvicorn.Config(
            tell_motion(application),
            host=host,
            port=int(port),
            http="httptools",
            log_level="warning",
            access_log=False,
            date_header=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
        await uvicorn.Server(config).serve()

    # The emulator imports the name from here when it starts to serve.
    vars(hypercorn.asyncio)["serve"] = serve


def run() -> None:
    """Check the version, close the gaps, serve."""
    installed = version("ministack")
    if installed != TESTED_VERSION:
        message = f"ministack {installed} is installed; this was written for {TESTED_VERSION}."
        raise RuntimeError(message)
    name_function_errors()
    name_throttles()
    queue_for_workers()
    unpacked = _Unpacked()
    share_layers(unpacked)
    share_code(unpacked)
    raise_workers()
    spread_retries()
    name_configurations()
    parse_policies_once()
    evaluate_distributed_maps()
    serve_quickly()
    app.main()


if __name__ == "__main__":
    run()
