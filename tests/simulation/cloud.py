"""One practice's account in memory: the services, the clearinghouse, the time; and functions that run over it."""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self, TypeVar

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
from functions.billing.edi.claim_837 import WireNumbers, claim_body, write_claim, write_claims
from functions.billing.ports import Clearinghouse, Clock, RuleSets
from functions.billing.runtime.bootstrap import Dependencies
from infra.catalogue import WORKFLOWS, function_named, pascal_case
from tests.builders import rule_set_contents
from tests.fakes import NOON
from tests.in_memory_appconfig import PROFILE, STRATEGIES, InMemoryAppConfig
from tests.in_memory_dynamodb import InMemoryDynamoDb, Item
from tests.simulation.clearinghouse import ClearinghousePool, ModelClearinghouse, Promises
from tests.simulation.explorer import Killed, consult, running, sleep
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
        super()._store(table, item)
        self.fingerprint ^= hash((table, _digest(self.tables[table][key])))
        if before is not None:
            self.fingerprint ^= hash((table, _digest(before)))


_digests: dict[int, tuple[Item, int]] = {}


def _digest(item: Item) -> int:
    """Tells two items apart; taken once, since an item is replaced and never changed."""
    known = _digests.get(id(item))
    if known is None or known[0] is not item:
        known = _digests[id(item)] = (item, hash(repr(sorted(item.items()))))
    return known[1]


@dataclass(slots=True)
class InMemoryS3:
    """Buckets that keep what they are given; bodies are bytes here, and streams at the border."""

    documents: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **_how: object) -> Item:  # noqa: N803
        self.documents[Bucket, Key] = Body
        return {}

    def upload_fileobj(self, *, Bucket: str, Key: str, Fileobj: bytes, **_how: object) -> None:  # noqa: N803
        self.documents[Bucket, Key] = Fileobj

    def get_object(self, *, Bucket: str, Key: str, Range: str = "") -> Item:  # noqa: N803
        if (Bucket, Key) not in self.documents:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "absent"}}, "GetObject")
        content = self.documents[Bucket, Key]
        if Range:
            first, _, last = Range.removeprefix("bytes=").partition("-")
            content = content[int(first) : int(last) + 1 if last else None]
        return {"Body": content}


def _sent(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value.read() if name == "Fileobj" else value for name, value in arguments.items()}


def _received(answer: Any) -> Any:
    streams = ("Body", "Configuration")
    return answer and {
        name: io.BytesIO(value) if name in streams else value for name, value in answer.items()
    }


@dataclass(frozen=True, slots=True)
class HeardAppConfig:
    """AppConfig as functions hear it while nothing new is rolled out."""

    content: bytes

    def start_configuration_session(self, **_asked: object) -> Item:
        return {"InitialConfigurationToken": "first"}

    def get_latest_configuration(self, *, ConfigurationToken: str) -> Item:  # noqa: N803
        is_new = ConfigurationToken == "first"
        body = self.content if is_new else b""
        return {"Configuration": body, "NextPollConfigurationToken": "next"}


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
        documents, self.appconfigdata = _rule_sets_kept()
        self.s3 = InMemoryS3(dict(documents))
        self.secretsmanager = Secrets()
        self.clearinghouse = ModelClearinghouse(promises, at)
        self.is_cold = True

    @property
    def records(self) -> DynamoDbRecords:
        """The tables as a person looks at them: nothing here can fail."""
        return DynamoDbRecords(self.dynamodb, table=RECORDS, audit_table=AUDIT)

    def move_to(self, now: datetime) -> None:
        """Time passes; what was under way to the clearinghouse lands."""
        self.now = now
        self.clearinghouse.move_to(now)

    def copy(self) -> Self:
        """A cloud that goes its own way from here."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.dynamodb = self.dynamodb.copy()
        other.s3 = InMemoryS3(dict(self.s3.documents))
        other.clearinghouse = self.clearinghouse.copy()
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


# What processes do ---------------------------------------------------------------------------


def invoke(step: str, event: dict[str, Any]) -> Any:
    """Call a function as Lambda does, with its time limit and its way of reporting errors.

    Raises
    ------
    TaskFailedError
        Named as the service would name it.
    """
    process = running()
    process.locals["step"] = step
    handler = handler_of(step)
    limit = function_named(step).timeout_seconds
    try:
        answer = process.invoke(lambda: handler(event, CONTEXT), seconds=limit)
    except Killed:
        process.locals.pop("dependencies", None)
        _leave(is_cold=True)
        raise TaskFailedError("Sandbox.Timedout") from None
    except BillingError as error:
        sys.stdout.write(f"{error}\n")
        raise TaskFailedError(type(error).__name__, str(error)) from None
    _leave(is_cold=False)
    return json.loads(json.dumps(answer))


def _leave(*, is_cold: bool) -> None:
    def leave(cloud: Cloud) -> None:
        cloud.is_cold = is_cold

    consult(leave)


def execute(workflow: str, payload: Mapping[str, Any]) -> bool:
    """Run a workflow's own definition; False when it ends in its dead letters."""
    execution = Execution(
        definition_of(workflow),
        call=_perform,
        sleep=sleep,
        time=lambda: _now().isoformat(),
    )
    try:
        execution.start(payload)
    except ExecutionFailedError:
        return False
    return True


def _perform(resource: str, arguments: Mapping[str, Any]) -> Any:
    if resource.endswith("sqs:sendMessage"):
        # Step Functions and the queue are trusted: their own promise is at least once.
        sys.stdout.write(json.dumps(arguments, sort_keys=True) + "\n")
        return {}
    return {"Payload": invoke(arguments["FunctionName"], dict(arguments["Payload"]))}


def _now() -> datetime:
    def look(cloud: Cloud) -> datetime:
        return cloud.now

    return consult(look)


def _client(service: str) -> Any:
    """What `boto3.client` would give."""
    if service == "secretsmanager" and not _is_cold():
        return Secrets()
    return BorderedClient(
        service,
        lambda cloud: getattr(cloud, service),
        idempotent=_IDEMPOTENT,
        commutes=lambda operation, arguments: _commutes(service, operation, arguments),
        sent=_sent,
        received=_received,
    )


def _is_cold() -> bool:
    def look(cloud: Cloud) -> bool:
        return cloud.is_cold

    return consult(look)


def _dependencies() -> SimulatedDependencies:
    """Those of the container the running process has: kept while it lives, new after a crash."""
    kept = running().locals
    if "dependencies" not in kept:
        kept["dependencies"] = SimulatedDependencies(is_warm=not _is_cold())
    found: SimulatedDependencies = kept["dependencies"]
    return found


class SimulatedDependencies(Dependencies):
    """The real composition root, but for the time and the far end of the HTTP connection."""

    def __init__(self, *, is_warm: bool) -> None:
        self._is_warm = is_warm

    @cached_property
    def clock(self) -> Clock:
        return _CloudClock()

    @cached_property
    def rule_sets(self) -> RuleSets:
        return _WarmRuleSets() if self._is_warm else super().rule_sets

    @cached_property
    def connections(self) -> DeclaredConnections:
        found = super().connections
        made: Any = found.named("")
        made._http = ClearinghousePool(_promises())
        return found

    @cached_property
    def clearinghouse(self) -> Clearinghouse:
        return self.connections.real_time()


def _promises() -> Promises:
    def look(cloud: Cloud) -> Promises:
        return cloud.clearinghouse.promises

    return consult(look)


class _CloudClock:
    def now(self) -> datetime:
        """See `ports.Clock`."""
        return _now()


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
def _rule_sets_kept() -> tuple[dict[tuple[str, str], bytes], HeardAppConfig]:
    """Documents of all rule sets, and what tells functions their versions; published once."""
    s3, app_config = InMemoryS3(), InMemoryAppConfig()
    evidence = S3Evidence(s3, bucket=EVIDENCE)
    assignments = {
        name: Assignment(keep(evidence, name, content))
        for name, content in rule_set_contents().items()
    }
    deployments = AppConfigDeployments(app_config, PROFILE, STRATEGIES)
    deployments.deploy(assignments, at_once=True, why="published")
    return s3.documents, HeardAppConfig(app_config.versions[-1])


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
def functions_over(cloud: Cloud, out: io.TextIOBase) -> Iterator[None]:
    """Let every handler meet the world of the process that calls it; logs, metrics and errors go to `out`."""
    from functions.billing.runtime.observability import logger  # noqa: PLC0415 after the settings

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("functions.billing.runtime.bootstrap.client", _client)
        patch.setattr("functions.billing.runtime.step.dependencies", _dependencies)
        # Metrics say a step and its outcome, and cost more to say than the step to run.
        patch.setattr("functions.billing.runtime.step.count_outcome", _count)
        # Writing an 837 is pure and slow; the same claim with the same numbers is the same bytes.
        patch.setattr("functions.billing.usecases.sending.write_claim", _written_once)
        patch.setattr("functions.billing.usecases.sending.claim_body", _made_once)
        patch.setattr("functions.billing.usecases.claim_files.write_claims", _written_together)
        # No process lives long enough to ask for rule sets twice, however long its greenlet rests.
        patch.setattr("functions.billing.adapters.roll_outs.monotonic", lambda: 0.0)
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
    sys.stdout.write(f"{step} {outcome}\n")


def _written_once(content: ClaimContent, **given: Any) -> bytes:
    key = (content.patient_control_number, given["numbers"], given["at"])
    if key not in _written:
        _written[key] = write_claim(content, **given)
    return _written[key]


def _written_together(contents: Iterable[tuple[ClaimContent, WireNumbers]], **given: Any) -> bytes:
    pairs = tuple(contents)
    numbers = tuple((content.patient_control_number, number) for content, number in pairs)
    key = (numbers, given["at"])
    if key not in _written:
        _written[key] = write_claims(pairs, **given)
    return _written[key]


def _made_once(content: ClaimContent, **given: Any) -> object:
    number = content.patient_control_number
    if number not in _made:
        _made[number] = claim_body(content, **given)
    return _made[number]


_written: dict[tuple[object, ...], bytes] = {}
_made: dict[str, object] = {}
