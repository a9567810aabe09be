"""The local cloud: emulator, deployed stacks, payer simulator, seeded and ready for events.

Everything it starts leads a process group of its own and is stopped whole, also after Ctrl-C or a
failure half way. Logs of all children stay in the run's folder under `.local/`.
"""

import contextlib
import dataclasses
import fcntl
import json
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local.aws import Aws
from local.cdk import Cdk, tool_path
from local.deployment import Deployment
from local.errors import LocalCloudError
from local.keys import Keys
from local.processes import (
    LOOPBACK,
    Child,
    answers,
    free_port,
    interpreter,
    is_running,
    run,
    start,
    stop,
    wait_until_ready,
)
from local.progress import Narrator
from local.seeding import seed_rule_sets, seed_secrets
from local.simulator import Simulator

PROJECT_ROOT = Path(__file__).resolve().parent.parent
LOCAL_FOLDER = PROJECT_ROOT / ".local"
RUNNING_CLOUD = LOCAL_FOLDER / "cloud.json"
ACCOUNT = "000000000000"
API_KEY = "local-key"

# Where the payer simulator listens when nobody else does: its address is part of what is deployed, and what is
# deployed is kept until it changes.
_USUAL_PORT = 18350

# Waits of the state machines and pauses between retries, as a share of what they are on AWS.
WAIT_SCALE = "0.3"

CONNECTOR: Mapping[str, object] = {
    "name": "simulator",
    "kind": "rest",
    "idempotency_window_hours": 24,
    "lookup_authoritative": True,
    "landing_bound_seconds": 5,
    "settle_seconds": 3,
    "timeout_seconds": 2,
    "submitter_id": "CLAIMWRIGHT",
    "submitter_name": "EXAMPLE CLINICS",
    "submitter_phone": "5550100000",
    "receiver_id": "CLEARSIM",
    "receiver_name": "SIMULATED CLEARINGHOUSE",
    "usage": "P",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """A local cloud that is up."""

    folder: Path
    endpoint: str
    simulator_url: str
    deployment: Deployment
    keys: Keys
    children: tuple[Child, ...]
    scratch: Path
    rule_set_versions: Mapping[str, str] = field(default_factory=dict)
    claims_per_file: int = 1

    @property
    def aws(self) -> Aws:
        """Clients of the emulator."""
        return Aws(self.endpoint)

    @property
    def simulator(self) -> Simulator:
        """The payers' side."""
        return Simulator(self.simulator_url)

    @property
    def webhook_url(self) -> str:
        """Where the clearinghouse calls; the emulator's host names of APIs resolve nowhere, its paths do."""
        path = urlsplit(self.deployment.webhook_url).path
        return f"{self.endpoint}/_aws/execute-api/{self.deployment.webhook_api_id}/$default{path}"

    @property
    def logs(self) -> Path:
        """Where the children write."""
        return self.folder / "logs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a local cloud is to be started with: the payers' world, rule sets, how many claims go together."""

    world: Mapping[str, Any]
    producers: tuple[str, ...]
    rule_sets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    claims_per_file: int = 1


@contextlib.contextmanager
def running_cloud(plan: Plan, *, purpose: str, narrator: Narrator) -> Iterator[Cloud]:
    """A local cloud for the length of a block; whatever happens inside, all of it is stopped."""
    to_stop = contextlib.ExitStack()
    try:
        yield _bring_up(plan, _run_folder(purpose), narrator, to_stop)
    finally:
        _stop_all(to_stop)


def bring_up(plan: Plan, *, narrator: Narrator) -> Cloud:
    """A local cloud that stays; `take_down` stops it.

    Raises
    ------
    LocalCloudError
        If one is up already, or something cannot be started.
    """
    if read_running_cloud() is not None:
        raise LocalCloudError("A local cloud is already up.", advice="Stop it with: make down")
    to_stop = contextlib.ExitStack()
    try:
        cloud = _bring_up(plan, _run_folder("up"), narrator, to_stop)
        _write_running_cloud(cloud)
        to_stop.pop_all()
    finally:
        _stop_all(to_stop)
    return cloud


def _stop_all(to_stop: contextlib.ExitStack) -> None:
    """Stop what was started; a second Ctrl-C must not leave half of it running."""
    if threading.current_thread() is not threading.main_thread():
        to_stop.close()
        return
    held = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in held:
        signal.signal(number, signal.SIG_IGN)
    try:
        to_stop.close()
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)


def take_down() -> bool:
    """Stop the cloud that was left running; False when there is none."""
    cloud = read_running_cloud()
    RUNNING_CLOUD.unlink(missing_ok=True)
    if cloud is None:
        return False
    for child in reversed(cloud.children):
        stop(child)
    shutil.rmtree(cloud.scratch, ignore_errors=True)
    return True


def read_running_cloud() -> Cloud | None:
    """The cloud that was left running, or None when none is, or its processes are gone."""
    try:
        content = json.loads(RUNNING_CLOUD.read_text())
    except (OSError, ValueError):
        return None
    children = tuple(
        Child(name=one["name"], pid=one["pid"], log=Path(one["log"])) for one in content["children"]
    )
    if not all(is_running(child.pid) for child in children):
        return None
    return Cloud(
        folder=Path(content["folder"]),
        endpoint=content["endpoint"],
        simulator_url=content["simulator_url"],
        deployment=Deployment.from_json(content["deployment"]),
        keys=Keys(content["keys"]),
        children=children,
        scratch=Path(content["scratch"]),
        rule_set_versions=content["rule_set_versions"],
        claims_per_file=content["claims_per_file"],
    )


def _write_running_cloud(cloud: Cloud) -> None:
    content = {
        "folder": str(cloud.folder),
        "endpoint": cloud.endpoint,
        "simulator_url": cloud.simulator_url,
        "deployment": dataclasses.asdict(cloud.deployment),
        "keys": dict(cloud.keys.secrets),
        "children": [
            {"name": child.name, "pid": child.pid, "log": str(child.log)}
            for child in cloud.children
        ],
        "scratch": str(cloud.scratch),
        "rule_set_versions": dict(cloud.rule_set_versions),
        "claims_per_file": cloud.claims_per_file,
    }
    RUNNING_CLOUD.parent.mkdir(parents=True, exist_ok=True)
    # It holds the private keys of the local producers.
    RUNNING_CLOUD.touch(mode=0o600)
    RUNNING_CLOUD.write_text(json.dumps(content, indent=2))


def _run_folder(purpose: str) -> Path:
    """The folder of this run; two runs at once keep apart."""
    folder = LOCAL_FOLDER / purpose
    mark = folder / "pid"
    with contextlib.suppress(OSError, ValueError):
        owner = int(mark.read_text())
        if owner != os.getpid() and is_running(owner):
            folder = LOCAL_FOLDER / f"{purpose}-{os.getpid()}"
            mark = folder / "pid"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mark.write_text(str(os.getpid()))
    return folder


def _bring_up(plan: Plan, folder: Path, narrator: Narrator, to_stop: contextlib.ExitStack) -> Cloud:
    # Functions unpack themselves here, some gigabytes in all.
    scratch = Path(tempfile.mkdtemp(prefix="billing-local-"))
    to_stop.callback(shutil.rmtree, scratch, ignore_errors=True)
    logs = folder / "logs"
    cdk = Cdk(root=PROJECT_ROOT, logs=logs)
    with ThreadPoolExecutor(max_workers=1) as builder:
        with narrator.task("Start the AWS emulator and the payer simulator"):
            emulator, endpoint = _start_emulator(logs, scratch, to_stop)
            payers, simulator_url = _start_simulator(plan.world, folder, logs, to_stop)
            connector = _connector(simulator_url, plan.claims_per_file)
            built = builder.submit(_build, cdk, connector, scratch)
            _wait_for_emulator(emulator, endpoint)
            _wait_for_simulator(payers, simulator_url)
        with narrator.task("Bootstrap (cdk bootstrap)"):
            cdk.bootstrap(ACCOUNT, endpoint, scratch / "bootstrap")
        with narrator.task("Build what is deployed"):
            assembly = built.result()
    with narrator.task("Deploy (cdk deploy)"):
        outputs = cdk.deploy(assembly, endpoint, folder / "outputs.json")
        deployment = Deployment.from_outputs(outputs)
    with narrator.task("Put keys, rule sets and tables in place"):
        aws = Aws(endpoint)
        keys = Keys.for_producers(plan.producers)
        seed_secrets(
            aws,
            deployment,
            keys=keys,
            api_keys={str(CONNECTOR["name"]): API_KEY},
            webhook_secret=plan.world["clearinghouse"]["webhook_secret"],
        )
        versions = seed_rule_sets(aws, deployment, replaced=plan.rule_sets, at=datetime.now(UTC))
    return Cloud(
        folder=folder,
        endpoint=endpoint,
        simulator_url=simulator_url,
        deployment=deployment,
        keys=keys,
        children=(emulator, payers),
        scratch=scratch,
        rule_set_versions=versions,
        claims_per_file=plan.claims_per_file,
    )


def _start_emulator(logs: Path, scratch: Path, to_stop: contextlib.ExitStack) -> tuple[Child, str]:
    port = free_port()
    environment = {
        "PATH": tool_path(PROJECT_ROOT),
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(PROJECT_ROOT),
        # IAM is enforced: a function whose role lacks a permission fails as it would on AWS.
        "AUTH": "true",
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFN_WAIT_SCALE": WAIT_SCALE,
    }
    child = start(
        "The AWS emulator",
        [interpreter(), "-m", "local.emulator"],
        log=logs / "emulator.log",
        environment=environment,
        folder=scratch,
    )
    to_stop.callback(stop, child)
    return child, f"http://{LOOPBACK}:{port}"


def _wait_for_emulator(child: Child, endpoint: str) -> None:
    wait_until_ready(
        child,
        lambda: answers(f"{endpoint}/_ministack/health"),
        seconds=60,
        advice="Run make setup again if packages are missing.",
    )


def _start_simulator(
    world: Mapping[str, Any], folder: Path, logs: Path, to_stop: contextlib.ExitStack
) -> tuple[Child, str]:
    port = free_port(_USUAL_PORT)
    world_file = folder / "world.json"
    world_file.write_text(json.dumps(world))
    child = start(
        "The payer simulator",
        [
            *(interpreter(), "-m", "local.payer_simulator"),
            *("--host", LOOPBACK, "--port", str(port), "--world", str(world_file)),
        ],
        log=logs / "payer_simulator.log",
        environment={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
        folder=folder,
    )
    to_stop.callback(stop, child)
    return child, f"http://{LOOPBACK}:{port}"


def _wait_for_simulator(child: Child, url: str) -> None:
    wait_until_ready(
        child,
        lambda: answers(f"{url}/_sim/health"),
        seconds=60,
        advice="Its world file may be refused; the log says which field.",
    )


def _connector(simulator_url: str, claims_per_file: int) -> Mapping[str, object]:
    # On a day that is over in minutes, what stands in line waits for nobody.
    together = {"claims_per_file": claims_per_file, "file_wait_minutes": 0}
    return {**CONNECTOR, "url": simulator_url, **(together if claims_per_file > 1 else {})}


def _build(cdk: Cdk, connector: Mapping[str, object], scratch: Path) -> Path:
    """The assembly to deploy, with its assets; what has not changed is not built again."""
    LOCAL_FOLDER.mkdir(exist_ok=True)
    is_usual = urlsplit(str(connector["url"])).port == _USUAL_PORT
    # Two runs at once share the built assets, and must not write them at the same time.
    with (LOCAL_FOLDER / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _build_assets(cdk.logs)
        # Only one run has the usual port, so no other deploys from what it replaces.
        folder = PROJECT_ROOT / "build" / "assembly" if is_usual else scratch / "assembly"
        return cdk.assembly(folder, {"stage": "local", "connectors": json.dumps([connector])})


def _build_assets(logs: Path) -> None:
    run(
        "Building the functions",
        [interpreter(), "-m", "infra.build_assets", "local"],
        log=logs / "build.log",
        environment={**os.environ, "PATH": tool_path(PROJECT_ROOT)},
        folder=PROJECT_ROOT,
    )
