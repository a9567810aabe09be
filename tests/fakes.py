"""The world in memory: each fake keeps the promises its adapter keeps, and the contract suite holds both to them."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, BinaryIO, TypeVar

from functions.billing.adapters.codec import plain
from functions.billing.adapters.records import DynamoDbRecords
from functions.billing.domain.codes import CodeTable, version_of
from functions.billing.domain.commit import Commit, Record
from functions.billing.domain.errors import (
    ClearinghouseUnavailableError,
    RecordNotFoundError,
    RuleSetError,
)
from functions.billing.domain.events.contracts import OUTBOUND
from functions.billing.domain.events.envelope import canonical_json
from functions.billing.domain.intake.transactions import ListedTransaction
from functions.billing.domain.keys import Key
from functions.billing.domain.rule_versions.roll_out import Assignment, Trial
from functions.billing.domain.rules.reading import content_version
from functions.billing.domain.submission.protocol import Connector, Lookup
from functions.billing.domain.submission.trading_partner import TradingPartner
from functions.billing.ports import ClaimConnection, StoredDocument, SubmissionAnswer
from tests.in_memory_dynamodb import InMemoryDynamoDb

R = TypeVar("R", bound=Record)
T = TypeVar("T")

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Crash(BaseException):
    """The process ends here: nobody may catch it and go on."""


class InMemoryRecords(DynamoDbRecords):
    """The real adapter over tables in memory: what it writes is what would be written.

    `dies_before` names a kind: the process crashes once, instead of committing an aggregate of it. `dies_at` does
    so at the n-th commit from now. While it `forgets`, nothing is remembered outside of a commit.
    """

    dies_before = ""
    dies_at = 0
    forgets = False

    def __init__(self) -> None:
        self.tables = InMemoryDynamoDb()
        super().__init__(self.tables, table="records", audit_table="audit")

    def commit(self, commit: Commit) -> None:
        """As the adapter does, once every event of the step keeps its published contract."""
        self.dies_at -= 1
        if commit.root.kind == self.dies_before or self.dies_at == 0:
            self.dies_before = ""
            raise Crash
        for event in commit.events:
            OUTBOUND[event.type].model_validate_json(
                canonical_json(plain(dict(event.data))), strict=True
            )
        super().commit(commit)

    def remember(self, record: Record) -> bool:
        """As the adapter does, unless the process dies just before."""
        return True if self.forgets else super().remember(record)

    def events(self, type_: str | None = None) -> list[dict[str, Any]]:
        """What waits in the outbox, in the order it was committed."""
        lines = self.tables.plain_items("records", kind="HISTORY")
        said = [event for line in lines for event in line.get("events", ())]
        return [event for event in said if type_ in (None, event["type"])]

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """All records of a kind, as plain data."""
        return self.tables.plain_items("records", kind=kind)


class InterruptedRecords(InMemoryRecords):
    """The records of another one, but something happens once between a look and the write that follows it.

    At the first read, or just before the n-th commit.
    """

    def __init__(
        self, shared: InMemoryRecords, meanwhile: Callable[[], object], *, at_commit: int = 0
    ) -> None:
        super().__init__()
        self._client = self.tables = shared.tables
        self._meanwhile: Callable[[], object] | None = meanwhile
        self._at_commit = at_commit

    def get(self, kind: type[R], key: Key) -> R | None:
        """As the adapter does, and then it happens."""
        found = super().get(kind, key)
        if not self._at_commit:
            self._happen()
        return found

    def commit(self, commit: Commit) -> None:
        """It happens, and then as the adapter does."""
        self._at_commit -= 1
        if self._at_commit == 0:
            self._happen()
            self._at_commit = -1
        super().commit(commit)

    def _happen(self) -> None:
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile:
            meanwhile()


class InMemoryEvidence:
    """`ports.Evidence` that refuses to change what it holds."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def keep(self, key: str, body: bytes | BinaryIO, *, content_type: str) -> StoredDocument:
        content = body if isinstance(body, bytes) else body.read()
        if self.kept.setdefault(key, content) != content:
            raise AssertionError(f"evidence under {key} would change")
        return StoredDocument(key, hashlib.sha256(content).hexdigest(), len(content))

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        yield BytesIO(self.fetch(key))

    def fetch(self, key: str, *, start_byte: int = 0, end_byte: int | None = None) -> bytes:
        if key not in self.kept:
            raise RecordNotFoundError("document_not_found", subject=f"document:{key}")
        return self.kept[key][start_byte:end_byte]


class InMemoryIntake:
    """`ports.Intake` over a dictionary."""

    def __init__(self) -> None:
        self.dropped: dict[str, bytes] = {}

    def drop(self, key: str, body: bytes) -> str:
        """Put a document there, as others do; its SHA-256 is returned."""
        self.dropped[key] = body
        return hashlib.sha256(body).hexdigest()

    def put(self, key: str, body: bytes | BinaryIO, *, content_type: str) -> StoredDocument:
        content = body if isinstance(body, bytes) else body.read()
        return StoredDocument(key, self.drop(key, content), len(content))

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        yield BytesIO(self.fetch(key))

    def fetch(self, key: str, *, start_byte: int = 0, end_byte: int | None = None) -> bytes:
        if key not in self.dropped:
            raise RecordNotFoundError("document_not_found", subject=f"document:{key}")
        return self.dropped[key][start_byte:end_byte]


class SettableClock:
    """`ports.Clock` that stands still until told."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, **delta: float) -> None:
        """Move on by a timedelta's arguments."""
        self.at += timedelta(**delta)


class RecordedWorkflows:
    """`ports.Workflows` that starts nothing and remembers what it was asked to."""

    def __init__(self) -> None:
        self.started: list[tuple[str, Mapping[str, Any]]] = []

    def start(self, name: str, payload: Mapping[str, Any]) -> bool:
        is_new = all(name != known for known, _ in self.started)
        self.started.append((name, payload))
        return is_new


class RecordedBus:
    """`ports.Publisher` that remembers what it took, and takes nothing it `refuses`, by event id."""

    def __init__(self) -> None:
        self.published: list[Mapping[str, Any]] = []
        self.refuses: set[str] = set()

    def publish(self, envelopes: tuple[Mapping[str, Any], ...]) -> tuple[bool, ...]:
        verdicts = tuple(envelope["id"] not in self.refuses for envelope in envelopes)
        self.published += [
            envelope for envelope, taken in zip(envelopes, verdicts, strict=True) if taken
        ]
        return verdicts


class CountingControlNumbers:
    """`ports.ControlNumbers` counted in memory."""

    def __init__(self) -> None:
        self.given = 0

    def next(self) -> int:
        self.given += 1
        return self.given


class FixedRuleSets:
    """`ports.RuleSets` over contents given at the start; `trials` puts versions beside the active ones."""

    def __init__(self, contents: Mapping[str, Mapping[str, Any]]) -> None:
        self.contents = dict(contents)
        self.others: dict[str, Mapping[str, Any]] = {}
        self.trials: dict[str, Trial] = {}

    def known(self, content: Mapping[str, Any]) -> str:
        """Keep a version that is not, or no longer, active."""
        version = content_version(content)
        self.others[version] = content
        return version

    def rolled_out(self, name: str) -> Assignment:
        if name not in self.contents:
            raise RuleSetError("rule_set_not_published", subject=f"rule_set:{name}")
        return Assignment(content_version(self.contents[name]), self.trials.get(name))

    def active(self, name: str, read: Callable[[Mapping[str, Any]], T]) -> T:
        return self.at(name, self.rolled_out(name).active, read)

    def at(self, name: str, version: str, read: Callable[[Mapping[str, Any]], T]) -> T:
        if version == content_version(self.contents[name]):
            return read(self.contents[name])
        if version not in self.others:
            raise RuleSetError("rule_set_content_missing", subject=f"rule_set:{name}")
        return read(self.others[version])


class NamedConnections:
    """`ports.Connections` over what a test gives; the first has the empty name too."""

    def __init__(self, *connections: ClaimConnection) -> None:
        self.connections = {each.connector.name: each for each in connections}
        self.connections[""] = connections[0]

    def named(self, connector: str) -> ClaimConnection:
        if connector not in self.connections:
            raise RuleSetError("connector_not_declared", subject=f"connector:{connector}")
        return self.connections[connector]

    def gathers(self, connector: str) -> bool:
        found = self.connections.get(connector)
        return found is not None and found.connector.gathers


class FixedWebhookSecrets:
    """`ports.WebhookSecrets` that were put there once."""

    def __init__(self, *secrets: str) -> None:
        self.secrets = secrets

    def current(self) -> tuple[str, ...]:
        return self.secrets


class ScriptedList:
    """`ports.TransactionList` over files given one by one; those in `gone` cannot be had."""

    def __init__(self) -> None:
        self.entries: list[tuple[ListedTransaction, bytes]] = []
        self.gone: set[str] = set()
        self.opened: list[str] = []

    def add(
        self,
        transaction_id: str,
        body: bytes,
        at: datetime = NOON,
        transaction_set: str = "835",
        version: str = "",
    ) -> ListedTransaction:
        """List a file."""
        entry = ListedTransaction(
            transaction_id=transaction_id,
            transaction_set=transaction_set,
            processed_at=at,
            artifact="output",
            version=version,
        )
        self.entries.append((entry, body))
        return entry

    def since(self, at: datetime) -> Iterator[ListedTransaction]:
        return (entry for entry, _ in list(self.entries) if entry.processed_at > at)

    @contextmanager
    def open(self, listed: ListedTransaction) -> Iterator[BinaryIO]:
        self.opened.append(listed.transaction_id)
        if listed.transaction_id in self.gone:
            raise ClearinghouseUnavailableError("no_verdict")
        (body,) = (body for entry, body in self.entries if entry == listed)
        yield BytesIO(body)


PARTNER = TradingPartner(
    submitter_id="CLINIC1",
    submitter_name="EXAMPLE CLINICS",
    submitter_phone="5550100000",
    receiver_id="HOUSE1",
    receiver_name="CLEARINGHOUSE",
)


class FixedCodeTables:
    """`ports.CodeTables` over compiled content, by version."""

    def __init__(self, contents: Iterable[bytes]) -> None:
        self.tables = {version_of(content): CodeTable(content) for content in contents}

    def opened(self, versions: Mapping[str, str]) -> Mapping[str, CodeTable]:
        missing = [name for name, version in versions.items() if version not in self.tables]
        if missing:
            raise RuleSetError("code_table_missing", subject=f"code_table:{missing[0]}")
        return {name: self.tables[version] for name, version in versions.items()}


class ScriptedClearinghouse:
    """`ports.Clearinghouse` that answers as it was told, and remembers what it holds.

    `meanwhile` happens once, while an inquiry is under way. A fault `lost_answer` takes the claim and keeps silent;
    `down` takes nothing. Keys are honoured as the connector
    declares: the same key never makes a second claim while its window is open.
    """

    def __init__(self, clock: SettableClock, **declared: Any) -> None:
        self.connector = Connector(
            **{
                "name": "scripted",
                "idempotency_window_hours": 24,
                "lookup_is_authoritative": True,
                "landing_bound_seconds": 60,
                "settle_seconds": 90,
                **declared,
            }
        )
        self.partner = PARTNER
        self.faults: list[str] = []
        self.refusal = ""
        self.lookup_fault = False
        self.looks = 0
        self.received: list[tuple[str, bytes]] = []
        self.eligibility_answer: bytes | None = None
        self.inquiries: list[bytes] = []
        self.status_answer: Callable[[bytes], bytes] | None = None
        self.questions: list[bytes] = []
        self.meanwhile: Callable[[], object] | None = None
        self.appeals: list[Mapping[str, Any]] = []
        self._keys: dict[str, datetime] = {}
        self._clock = clock

    def submit(self, body: bytes, *, idempotency_key: str, institutional: bool) -> SubmissionAnswer:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "down":
            raise ClearinghouseUnavailableError("no_answer")
        if self.refusal:
            return SubmissionAnswer(accepted=False, code=self.refusal)
        window = timedelta(hours=self.connector.idempotency_window_hours)
        first = self._keys.get(idempotency_key)
        if first is None or self._clock.now() - first >= window:
            self._keys[idempotency_key] = self._clock.now()
            self.received.append((idempotency_key, body))
        if fault == "lost_answer":
            raise ClearinghouseUnavailableError("no_answer")
        return SubmissionAnswer(
            accepted=True, code="200", clearinghouse_id=f"T{len(self.received)}"
        )

    def look_up(self, patient_control_number: str, *, idempotency_key: str) -> Lookup:
        return self._holds(f"CLM*{patient_control_number}*")

    def look_up_file(self, control_number: int, *, idempotency_key: str) -> Lookup:
        return self._holds(f"IEA*1*{control_number:09d}")

    def _holds(self, marker: str) -> Lookup:
        self.looks += 1
        if self.lookup_fault:
            return Lookup.UNAVAILABLE
        found = any(marker.encode() in body for _, body in self.received)
        return Lookup.FOUND if found else Lookup.NOT_FOUND

    def check_eligibility(self, body: bytes) -> bytes:
        self.inquiries.append(body)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        if self.eligibility_answer is None:
            raise ClearinghouseUnavailableError("no_answer")
        return self.eligibility_answer

    def check_status(self, body: bytes) -> bytes:
        self.questions.append(body)
        if self.status_answer is None:
            raise ClearinghouseUnavailableError("no_answer")
        return self.status_answer(body)

    def send_appeal(self, body: Mapping[str, Any], *, idempotency_key: str) -> SubmissionAnswer:
        if self.faults and self.faults.pop(0) == "down":
            raise ClearinghouseUnavailableError("no_answer")
        if self.refusal:
            return SubmissionAnswer(accepted=False, code=self.refusal)
        self.appeals.append(body)
        return SubmissionAnswer(accepted=True, code="200", clearinghouse_id="receipt")
