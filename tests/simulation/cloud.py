"""One practice's account in memory: the services, the clearinghouse, the time, and what gets out."""

from __future__ import annotations

import importlib
import io
import json
import os
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, Self, TypeVar

import pytest
from botocore.exceptions import ClientError

from functions.billing.adapters.connections import DeclaredConnections
from functions.billing.adapters.documents import S3Evidence
from functions.billing.adapters.records import DynamoDbRecords
from functions.billing.adapters.roll_outs import AppConfigDeployments
from functions.billing.adapters.rule_sets import keep
from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.errors import BillingError
from functions.billing.domain.rule_versions.roll_out import Assignment
from functions.billing.domain.rules.reading import content_version
from functions.billing.edi.claim_837 import write_claim
from functions.billing.ports import Clock, RuleSets
from functions.billing.runtime.bootstrap import Dependencies
from infra.catalogue import WORKFLOWS, function_named, pascal_case
from tests.builders import rule_set_contents
from tests.fakes import NOON
from tests.in_memory_appconfig import PROFILE, STRATEGIES, InMemoryAppConfig
from tests.in_memory_dynamodb import InMemoryDynamoDb, Item
from tests.simulation.clearinghouse import ClearinghousePool, ModelClearinghouse, Promises
from tests.simulation.explorer import Killed, Run
from tests.simulation.explorer.borders import BorderedClient
from tests.simulation.explorer.workflow import Execution, ExecutionFailedError, TaskFailedError

# What the handlers' logger and metrics read when they are first imported.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "billing")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "billing")

T = TypeVar("T")

RECORDS, AUDIT, EVIDENCE, INTAKE = "records", "audit", "evidence", "intake"
SETTINGS = {
    "RECORDS_TABLE": RECORDS,
    "AUDIT_TABLE": AUDIT,
    "EVIDENCE_BUCKET": EVIDENCE,
    "INTAKE_BUCKET": INTAKE,
    "CLEARINGHOUSE_SECRET_ARN": "clearinghouse",
    "APPCONFIG_APPLICATION": PROFILE["application"],
    "APPCONFIG_ENVIRONMENT": PROFILE["environment"],
    "APPCONFIG_PROFILE": PROFILE["profile"],
    "ROLL_OUT_POLL_SECONDS": "60",
}

STATE_MACHINES = Path(__file__).parents[2] / "statemachines"
CONTEXT = SimpleNamespace(aws_request_id="request-1")

_IDEMPOTENT = frozenset({"transact_write_items"})


def _commutes(service: str, operation: str, arguments: Mapping[str, Any]) -> bool:
    """Documents are written once, under their content's hash; a claim's content never changes."""
    if service != "dynamodb":
        return True
    if operation != "get_item":
        return False
    sort: str = arguments["Key"]["sk"]["S"]
    return sort.startswith("CONTENT#")


class FingerprintedDynamoDb(InMemoryDynamoDb):
    """Tables that know their own fingerprint, whatever the order in which they came about."""

    def __init__(self) -> None:
        super().__init__()
        self.fingerprint = 0

    def copy(self) -> Self:
        """Items are replaced, never changed: copying the tables is enough."""
        other = type(self)()
        other.tables = {name: dict(items) for name, items in self.tables.items()}
        other.fingerprint = self.fingerprint
        return other

    def _store(self, table: str, item: Item) -> None:
        key = (item["pk"]["S"], item["sk"]["S"])
        before = self.tables[table].get(key)
        if before is not None:
            self.fingerprint ^= hash((table, repr(sorted(before.items()))))
        super()._store(table, item)
        self.fingerprint ^= hash((table, repr(sorted(item.items()))))


@dataclass(slots=True)
class InMemoryS3:
    """Buckets that keep what they are given."""

    documents: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> Item:  # noqa: N803
        self.documents[Bucket, Key] = Body
        return {}

    def upload_fileobj(
        self,
        Fileobj: BinaryIO,  # noqa: N803
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        ExtraArgs: Item,  # noqa: N803
        Config: object,  # noqa: N803
    ) -> None:
        # The SDK repeats a part from its own copy; a stream that was read has nothing left to give.
        if content := Fileobj.read():
            self.documents[Bucket, Key] = content

    def get_object(self, *, Bucket: str, Key: str, Range: str = "") -> Item:  # noqa: N803
        if (Bucket, Key) not in self.documents:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "absent"}}, "GetObject")
        content = self.documents[Bucket, Key]
        if Range:
            first, _, last = Range.removeprefix("bytes=").partition("-")
            content = content[int(first) : int(last) + 1 if last else None]
        return {"Body": io.BytesIO(content)}


class Secrets:
    """The one secret that sending needs."""

    def get_secret_value(self, *, SecretId: str) -> Item:  # noqa: N803
        return {"SecretString": json.dumps({"simulated": "a key"})}


class Cloud:
    """Everything that outlives a process; see `explorer.World`."""

    def __init__(
        self, *, connector: Mapping[str, object], promises: Promises, at: datetime = NOON
    ) -> None:
        self.now = at
        self.connector = dict(connector)
        self.dynamodb = FingerprintedDynamoDb()
        documents, self.app_config = _rule_sets_kept()
        self.s3 = InMemoryS3(dict(documents))
        self.clearinghouse = ModelClearinghouse(promises, at)
        self.dead_letters: tuple[str, ...] = ()
        self.is_cold = True
        self.out = io.StringIO()

    @property
    def records(self) -> DynamoDbRecords:
        """The tables as a person looks at them: nothing here can fail."""
        return DynamoDbRecords(self.dynamodb, table=RECORDS, audit_table=AUDIT)

    # As the explorer sees it -----------------------------------------------------------------

    def move_to(self, now: datetime) -> None:
        """Time passes; what was under way to the clearinghouse lands."""
        self.now = now
        self.clearinghouse.move_to(now)

    def copy(self) -> Self:
        """A cloud that goes its own way from here; what it lets out is its own."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.dynamodb = self.dynamodb.copy()
        other.s3 = InMemoryS3(dict(self.s3.documents))
        other.clearinghouse = self.clearinghouse.copy()
        other.out = io.StringIO()
        return other

    def fingerprint(self) -> Hashable:
        """All that can ever matter to a process or to a check.

        Documents rest under their content's hash and are read only where a record names them; dead letters are
        redriven whether they exist or not: neither can tell two clouds apart.
        """
        return (
            self.now,
            self.dynamodb.fingerprint,
            self.clearinghouse.fingerprint(),
            self.is_cold,
        )

    # As a function sees it -------------------------------------------------------------------

    def client(self, service: str) -> Any:
        """What `boto3.client` would give."""
        stand_ins: dict[str, Any] = {
            "dynamodb": self.dynamodb,
            "s3": self.s3,
            "secretsmanager": Secrets(),
            "appconfigdata": self.app_config,
        }
        if service == "secretsmanager" and not self.is_cold:
            return stand_ins[service]
        return BorderedClient(
            service,
            stand_ins[service],
            idempotent=_IDEMPOTENT,
            commutes=lambda operation, arguments: _commutes(service, operation, arguments),
        )

    def dependencies(self) -> SimulatedDependencies:
        """Those of the container the running process has: kept while it lives, new after a crash."""
        kept = Run.current.locals if Run.current else {}
        if "dependencies" not in kept:
            kept["dependencies"] = SimulatedDependencies(self, is_warm=not self.is_cold)
        found: SimulatedDependencies = kept["dependencies"]
        return found

    def invoke(self, step: str, event: dict[str, Any]) -> Any:
        """Call a function as Lambda does, with its time limit and its way of reporting errors.

        Raises
        ------
        TaskFailedError
            Named as the service would name it.
        """
        run = Run.current
        if run is None:
            raise RuntimeError("functions are invoked by the processes of a run")
        run.locals["step"] = step
        handler = handler_of(step)
        limit = function_named(step).timeout_seconds
        try:
            answer = run.invoke(lambda: handler(event, CONTEXT), seconds=limit)
        except Killed:
            run.locals.pop("dependencies", None)
            self.is_cold = True
            raise TaskFailedError("Sandbox.Timedout") from None
        except BillingError as error:
            self.out.write(f"{error}\n")
            raise TaskFailedError(type(error).__name__, str(error)) from None
        self.is_cold = False
        return json.loads(json.dumps(answer))

    def execute(self, workflow: str, payload: Mapping[str, Any]) -> bool:
        """Run a workflow's own definition; False when it ends in its dead letters."""
        run = Run.current
        if run is None:
            raise RuntimeError("workflows are started by the processes of a run")
        execution = Execution(
            definition_of(workflow),
            call=self._perform,
            sleep=run.sleep,
            entered_at=self._time,
        )
        try:
            execution.start(payload)
        except ExecutionFailedError:
            return False
        return True

    def _time(self) -> str:
        return self.now.isoformat()

    def _perform(self, resource: str, arguments: Mapping[str, Any]) -> Any:
        if resource.endswith("sqs:sendMessage"):
            # Step Functions and the queue are trusted: their own promise is at least once.
            letter = json.dumps(arguments, sort_keys=True)
            self.out.write(letter + "\n")
            if letter not in self.dead_letters:
                self.dead_letters = (*self.dead_letters, str(arguments["MessageBody"]))
            return {}
        payload = dict(arguments["Payload"])
        return {"Payload": self.invoke(arguments["FunctionName"], payload)}


class SimulatedDependencies(Dependencies):
    """The real composition root, but for the time and the far end of the HTTP connection."""

    def __init__(self, cloud: Cloud, *, is_warm: bool) -> None:
        self._cloud = cloud
        self._is_warm = is_warm

    @cached_property
    def clock(self) -> Clock:
        return _CloudClock(self._cloud)

    @cached_property
    def rule_sets(self) -> RuleSets:
        return _WarmRuleSets() if self._is_warm else super().rule_sets

    @cached_property
    def connections(self) -> DeclaredConnections:
        found = super().connections
        made: Any = found.named("")
        made._http = ClearinghousePool(self._cloud.clearinghouse)
        return found


@dataclass(frozen=True, slots=True)
class _CloudClock:
    cloud: Cloud

    def now(self) -> datetime:
        """See `ports.Clock`."""
        return self.cloud.now


@cache
def handler_of(step: str) -> Callable[[dict[str, Any], Any], Any]:
    """A function's entry point."""
    found: Callable[[dict[str, Any], Any], Any] = importlib.import_module(
        f"functions.{step}.handler"
    ).lambda_handler
    return found


@cache
def definition_of(workflow: str) -> dict[str, Any]:
    """The state machine as it is deployed, functions by their folder's name."""
    text = (STATE_MACHINES / f"{workflow}.asl.json").read_text(encoding="utf-8")
    (entry,) = (each for each in WORKFLOWS if each.name == workflow)
    for step in entry.steps:
        text = text.replace(f"${{{pascal_case(step)}FunctionArn}}", step)
    found: dict[str, Any] = json.loads(text)
    return found


@cache
def _rule_sets_kept() -> tuple[dict[tuple[str, str], bytes], InMemoryAppConfig]:
    """Documents of all rule sets, and what tells functions their versions; published once."""
    s3, app_config = InMemoryS3(), InMemoryAppConfig()
    evidence = S3Evidence(s3, bucket=EVIDENCE)
    assignments = {
        name: Assignment(keep(evidence, name, content))
        for name, content in rule_set_contents().items()
    }
    deployments = AppConfigDeployments(app_config, PROFILE, STRATEGIES)
    deployments.deploy(assignments, at_once=True, why="published")
    return s3.documents, app_config


class _WarmRuleSets:
    """What a container that ran before already holds: every rule set, read."""

    def rolled_out(self, name: str) -> Assignment:
        """See `ports.RuleSets`."""
        return Assignment(_active_version(name))

    def active(self, name: str, read: Callable[[Mapping[str, Any]], T]) -> T:
        """See `ports.RuleSets`."""
        return self.at(name, _active_version(name), read)

    def at(self, name: str, version: str, read: Callable[[Mapping[str, Any]], T]) -> T:
        """See `ports.RuleSets`; there is one version of each."""
        assert version == _active_version(name)
        found: T = _rule_set_read(name, read)
        return found


@cache
def _active_version(name: str) -> str:
    return content_version(rule_set_contents()[name])


@cache
def _rule_set_read(name: str, read: Callable[[Mapping[str, Any]], Any]) -> Any:
    return read(rule_set_contents()[name])


@contextmanager
def functions_over(cloud: Cloud) -> Iterator[None]:
    """Give every handler the cloud its run is over, and its log and metrics to the cloud's own record."""
    from functions.billing.runtime.observability import logger  # noqa: PLC0415 after the settings

    out = _Out(cloud)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "functions.billing.runtime.bootstrap.client", lambda name: _here().client(name)
        )
        patch.setattr("functions.billing.runtime.step.dependencies", lambda: _here().dependencies())
        # Metrics say a step and its outcome, and cost more to say than the step to run.
        patch.setattr("functions.billing.runtime.step.count_outcome", _count)
        # Writing an 837 is pure and slow; the same claim with the same numbers is the same bytes.
        patch.setattr("functions.billing.usecases.sending.write_claim", _written_once)
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        patch.setenv("CONNECTORS", json.dumps([cloud.connector]))
        streams = [handler for handler in logger.handlers if hasattr(handler, "setStream")]
        kept = [handler.setStream(out) for handler in streams]
        try:
            with redirect_stdout(out):
                yield
        finally:
            for handler, stream in zip(streams, kept, strict=True):
                handler.setStream(stream)


def _count(step: str, outcome: str) -> None:
    _here().out.write(f"{step} {outcome}\n")


def _written_once(content: ClaimContent, **given: Any) -> bytes:
    key = (content.patient_control_number, given["numbers"], given["at"])
    if key not in _written:
        _written[key] = write_claim(content, **given)
    return _written[key]


_written: dict[tuple[object, ...], bytes] = {}


def _here() -> Cloud:
    if Run.current is None:
        raise RuntimeError("functions run inside of runs only")
    world: Any = Run.current.world
    found: Cloud = world
    return found


class _Out(io.TextIOBase):
    """Whatever is written goes to the cloud of the run that writes it."""

    def __init__(self, otherwise: Cloud) -> None:
        self._otherwise = otherwise

    def write(self, text: str) -> int:
        """As a stream does."""
        cloud = _here() if Run.current else self._otherwise
        return cloud.out.write(text)
