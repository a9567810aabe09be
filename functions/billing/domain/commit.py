"""One transaction per step: what changes, why, who did it, and what the world is told, all or nothing."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol

from functions.billing.domain.keys import Key, derived_id

Fact = str | int | bool | tuple[str, ...]


class Record(Protocol):
    """Anything that rests in the records table."""

    kind: ClassVar[str]

    @property
    def key(self) -> Key:
        """Partition and sort key."""
        ...


class Aggregate(Record, Protocol):
    """A record with a life: each change raises its version and lengthens its audit chain."""

    @property
    def version(self) -> int:
        """Moves so far; zero for one that was never stored."""
        ...

    @property
    def audit_head(self) -> str:
        """Hash of the newest audit entry."""
        ...

    @property
    def subject(self) -> str:
        """The name logs and events use, such as `claim:C…`."""
        ...


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a step runs: the business event, and the correlation that follows the whole chain."""

    cause_id: str
    cause_type: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted: `system` with its step, or a person."""

    name: str
    is_person: bool = False


@dataclass(frozen=True, slots=True)
class OutboundEvent:
    """What the world is told once the transaction holds."""

    type: str
    data: Mapping[str, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One step of one aggregate, with everything that must happen with it or not at all.

    `decision` is a word, `facts` its evidence (versions of rules, reason codes, hashes; never protected health
    information). `new` records must not exist yet; `also` are further aggregates that change, or begin (version 0),
    in the same transaction. `not_by` names a field of the root, a list of people: the store refuses the commit while
    the actor stands there, whatever the caller checked.
    """

    step: str
    cause: Cause
    actor: Actor
    at: datetime
    root: Aggregate
    decision: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    new: tuple[Record, ...] = ()
    also: tuple[Aggregate, ...] = ()
    events: tuple[OutboundEvent, ...] = ()
    not_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEvent:
    """What a step has to say, under the id it keeps however often it is published."""

    event_id: str
    type: str
    data: Mapping[str, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One line of a thing's story, in the order of its versions.

    It is also the marker that its cause was handled and the outbox of its step: `events` leave by the table's stream.
    """

    kind: ClassVar[str] = "HISTORY"

    subject_key: Key
    sequence: int
    at: datetime
    step: str
    actor: str
    cause_id: str
    cause_type: str
    correlation_id: str
    decision: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    events: tuple[OutboxEvent, ...] = ()

    @property
    def key(self) -> Key:
        """Beside the thing it tells of."""
        return Key(self.subject_key.partition, f"HISTORY#{self.sequence:06d}")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """The append-only twin of a history entry: chained to the one before by `previous`."""

    subject: str
    sequence: int
    previous: str
    body: Mapping[str, Fact]
    hash: str


def audit_entry(
    *, subject: str, sequence: int, previous: str, body: Mapping[str, Fact]
) -> AuditEntry:
    """Chain an entry: its hash covers the previous hash and the canonical JSON of the body."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), default=list)
    digest = hashlib.sha256(
        f"{previous}\x1f{subject}\x1f{sequence}\x1f{canonical}".encode()
    ).hexdigest()
    return AuditEntry(subject, sequence, previous, body, digest)


def outbox(commit: Commit) -> tuple[OutboxEvent, ...]:
    """The events of a step, under stable ids: the same step of the same version always publishes the same events."""
    return tuple(
        OutboxEvent(event_id=_event_id(commit, ordinal), type=event.type, data=event.data)
        for ordinal, event in enumerate(commit.events)
    )


def _event_id(commit: Commit, ordinal: int) -> str:
    return derived_id(
        "evt_",
        commit.root.subject,
        str(commit.root.version + 1),
        commit.step,
        str(ordinal),
        length=26,
    )
