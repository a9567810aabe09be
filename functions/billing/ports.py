"""What the use cases need of the world, as roles. Adapters play them on AWS, fakes in tests."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Protocol, TypeVar

from functions.billing.domain.codes import CodeTable
from functions.billing.domain.commit import Commit, Record
from functions.billing.domain.intake.transactions import ListedTransaction
from functions.billing.domain.keys import Key
from functions.billing.domain.rule_versions.lifecycle import digest_of
from functions.billing.domain.rule_versions.roll_out import Assignment, RollOutState
from functions.billing.domain.submission.protocol import Connector, Lookup
from functions.billing.domain.submission.trading_partner import TradingPartner

R = TypeVar("R", bound=Record)
T = TypeVar("T")


class Records(Protocol):
    """The records table: typed reads, and one way to write."""

    def get(self, kind: type[R], key: Key) -> R | None:
        """The record as last committed (consistent read), or None."""
        ...

    def under(self, kind: type[R], partition: str, prefix: str) -> tuple[R, ...]:
        """All records of a partition whose sort key begins with `prefix`, in order (consistent read)."""
        ...

    def listed(self, kind: type[R], ref: str) -> Iterator[R]:
        """Records that carry this reference; eventually consistent."""
        ...

    def due(self, kind: type[R], due_kind: str, until: datetime) -> Iterator[R]:
        """Records waiting under `due_kind` whose time has come, oldest first; eventually consistent."""
        ...

    def remember(self, record: Record) -> bool:
        """Store one new record by itself; False when it is already known."""
        ...

    def commit(self, commit: Commit) -> None:
        """Store everything in the commit, or nothing.

        Raises
        ------
        StaleRecordError
            If the root or another aggregate moved since it was read, or a new record exists.
        """
        ...


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """Where bytes rest, and their fingerprint."""

    key: str
    sha256: str
    size_bytes: int


class Evidence(Protocol):
    """Write-once storage for raw files, frozen wire bytes, packets and refused events."""

    def keep(self, key: str, body: bytes | BinaryIO, *, content_type: str) -> StoredDocument:
        """Store bytes, or a stream of any length, under a key; storing the same bytes again changes nothing."""
        ...

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """A readable stream of what is kept under a key; raises as `fetch` does."""
        ...

    def fetch(self, key: str, *, start_byte: int = 0, end_byte: int | None = None) -> bytes:
        """The bytes kept under a key, or those of a range (`end_byte` exclusive).

        Raises
        ------
        RecordNotFoundError
            If there are none.
        """
        ...


class Intake(Protocol):
    """Where the EHR and the clearinghouse drop documents and files, and we what we fetch."""

    def put(self, key: str, body: bytes | BinaryIO, *, content_type: str) -> StoredDocument:
        """Put a file there, which starts what its prefix starts."""
        ...

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """A readable stream of a dropped file.

        Raises
        ------
        RecordNotFoundError
            If nothing rests under the key.
        """
        ...

    def fetch(self, key: str, *, start_byte: int = 0, end_byte: int | None = None) -> bytes:
        """The file's bytes, or those of a range (`end_byte` exclusive)."""
        ...


@dataclass(frozen=True, slots=True)
class SubmissionAnswer:
    """What the clearinghouse answered, when it is known: accepted with its id, or refused with a code."""

    accepted: bool
    code: str
    clearinghouse_id: str = ""


class ClaimConnection(Protocol):
    """The way claims go through one clearinghouse.

    Raises `ClearinghouseUnavailableError` whenever the outcome is not known.
    """

    @property
    def connector(self) -> Connector:
        """What this connection promises."""
        ...

    @property
    def partner(self) -> TradingPartner:
        """The identifiers of both ends."""
        ...

    def submit(self, body: bytes, *, idempotency_key: str, institutional: bool) -> SubmissionAnswer:
        """Send an 837; an answer is final, an exception means the outcome is unknown."""
        ...

    def look_up(self, patient_control_number: str, *, idempotency_key: str) -> Lookup:
        """Whether the clearinghouse itself holds what was sent under these."""
        ...

    def look_up_file(self, control_number: int, *, idempotency_key: str) -> Lookup:
        """The same for a file of several claims, by its interchange's number: asked once, not for each claim."""
        ...


class Connections(Protocol):
    """Every clearinghouse connection of the deployment; a payer's policy names its own."""

    def named(self, connector: str) -> ClaimConnection:
        """The connection of that name; the deployment's first for an empty one.

        Raises
        ------
        RuleSetError
            If the deployment declares none of that name.
        """
        ...

    def gathers(self, connector: str) -> bool:
        """Whether claims go through the connection of that name together; False for one that is not declared."""
        ...


class Clearinghouse(ClaimConnection, Protocol):
    """A connection that also answers at once."""

    def check_eligibility(self, body: bytes) -> bytes:
        """Send a 270, return the 271."""
        ...

    def check_status(self, body: bytes) -> bytes:
        """Send a 276, return the 277."""
        ...

    def send_appeal(self, body: Mapping[str, Any], *, idempotency_key: str) -> SubmissionAnswer:
        """Hand an appeal packet's manifest to the payer."""
        ...


class TransactionList(Protocol):
    """What the clearinghouse holds for us. Raises `ClearinghouseUnavailableError` when it cannot be had."""

    def since(self, at: datetime) -> Iterator[ListedTransaction]:
        """Every transaction processed after a time, in the list's own order."""
        ...

    def open(self, listed: ListedTransaction) -> AbstractContextManager[BinaryIO]:
        """A readable stream of a listed transaction's X12."""
        ...


class WebhookSecrets(Protocol):
    """What the clearinghouse signs its calls with."""

    def current(self) -> tuple[str, ...]:
        """Every secret that holds now: two while one takes the other's place."""
        ...


def content_key(name: str, version: str) -> str:
    """Where one version of a rule set rests as evidence."""
    return f"rulesets/{name}/{digest_of(version)}.json"


def code_table_key(version: str) -> str:
    """Where one version of a code table rests as evidence."""
    return f"codetables/{digest_of(version)}.table"


class RuleSets(Protocol):
    """Versioned data: rule sets, mapping and code tables."""

    def rolled_out(self, name: str) -> Assignment:
        """Which versions judge: the active one, and one that may be on trial beside it.

        Raises
        ------
        RuleSetError
            If nothing was published under the name.
        """
        ...

    def active(self, name: str, read: Callable[[Mapping[str, Any]], T]) -> T:
        """The active content, as `read` makes it; for steps that no trial concerns.

        Raises
        ------
        RuleSetError
            If nothing was published under the name, or `read` refuses the content.
        """
        ...

    def at(self, name: str, version: str, read: Callable[[Mapping[str, Any]], T]) -> T:
        """Exactly this version, as `read` makes it; read once for each version, not for each claim.

        Raises
        ------
        RuleSetError
            If there is no such version, or `read` refuses its content.
        """
        ...


class RollOuts(Protocol):
    """How running functions are told which versions judge."""

    def state(self) -> RollOutState:
        """What became of the newest deployment."""
        ...

    def deployed(self) -> Mapping[str, Assignment]:
        """What the newest deployment that stands has told; empty before the first."""
        ...

    def deploy(self, assignments: Mapping[str, Assignment], *, at_once: bool, why: str) -> bool:
        """Tell functions, step by step or all at once; False while another deployment must end first.

        At once also ends a deployment that is under way.
        """
        ...


class CodeTables(Protocol):
    """Code tables of any size, by the versions a rule set pins."""

    def opened(self, versions: Mapping[str, str]) -> Mapping[str, CodeTable]:
        """The tables by name, ready to be looked into; each version is fetched once.

        Raises
        ------
        RuleSetError
            If nothing was published under a version, or its content is not what the version says.
        """
        ...


class ControlNumbers(Protocol):
    """An atomic counter for X12 control numbers (ISA13, GS06)."""

    def next(self) -> int:
        """The next number, never given before to any trading partner: whoever answers, it leads to one sending."""
        ...


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """The time, in UTC."""
        ...


class Publisher(Protocol):
    """The event bus."""

    def publish(self, envelopes: tuple[Mapping[str, Any], ...]) -> tuple[bool, ...]:
        """Put signed envelopes on the bus; one verdict each, True when the bus took it."""
        ...


class Signer(Protocol):
    """Signs what the system says."""

    @property
    def key_id(self) -> str:
        """The name consumers find the public key under."""
        ...

    def sign(self, message: bytes) -> str:
        """A base64 Ed25519 signature."""
        ...


class Verifier(Protocol):
    """Checks what others say."""

    def verify(self, key_id: str, message: bytes, signature: str) -> bool:
        """Whether the signature is by the key's owner over exactly these bytes; False for an unknown key."""
        ...

    def producer_of(self, key_id: str) -> str | None:
        """Who owns the key, or None when it is unknown."""
        ...


class Workflows(Protocol):
    """Starts this function's state machine."""

    def start(self, name: str, payload: Mapping[str, Any]) -> bool:
        """Start an execution; False when one of that name is running or has succeeded."""
        ...
