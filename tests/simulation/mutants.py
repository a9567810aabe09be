"""The protocol with one guard taken out at a time: a simulation that misses one of these proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from functions.billing.adapters import declarations, records
from functions.billing.adapters.codec import to_item
from functions.billing.adapters.records import DynamoDbRecords
from functions.billing.domain.commit import Commit
from functions.billing.domain.submission import protocol
from functions.billing.domain.submission.claim_file import ClaimFile
from functions.billing.domain.submission.protocol import Decision, Lookup, Move
from functions.billing.ports import Evidence, SubmissionAnswer
from functions.billing.usecases.claim_files import FileSending
from functions.billing.usecases.sending import Sending
from tests.simulation.environments import ENVIRONMENTS, IN_FILES
from tests.simulation.scenario import Case, Scenario, examine
from tests.simulation.subjects import claim_file
from tests.simulation.subjects.submission import at_once, forgotten, in_turn, neglected

Patch = pytest.MonkeyPatch
RESOLVE = "functions.billing.usecases.resolve_submission"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A guard, how to take it out, and the smallest exploration that must notice."""

    guard: str
    remove: Callable[[Patch], None]
    shows_in: Callable[[], Scenario]


def _unconditional(*decisions: str) -> Callable[[Patch], None]:
    """Store these decisions whatever anybody else has stored."""

    def remove(patch: Patch) -> None:
        whole = DynamoDbRecords._transaction

        def without(self: DynamoDbRecords, commit: Commit) -> list[dict[str, Any]]:
            items = whole(self, commit)
            if commit.decision in decisions:
                for item in items:
                    for unused in [name for name in item["Put"] if name not in _PUT]:
                        del item["Put"][unused]
            return items

        patch.setattr(DynamoDbRecords, "_transaction", without)

    return remove


_PUT = {"TableName", "Item"}


def _decide(change: Callable[..., Decision]) -> Callable[[Patch], None]:
    def remove(patch: Patch) -> None:
        patch.setattr(f"{RESOLVE}.decide", change)

    return remove


def _no_settle_time(patch: Patch) -> None:
    """Nobody waits: neither whoever asks what became of an attempt, nor the decision."""
    whole = declarations.connector_of
    patch.setattr(
        "functions.billing.adapters.connections.connector_of",
        lambda declared: whole({**declared, "settle_seconds": 0}),
    )


def _no_list(attempt: Any, connector: Any, now: Any, lookup: Lookup | None = None) -> Decision:
    asked = lookup or Lookup.UNAVAILABLE
    return protocol.decide(
        attempt, replace(connector, lookup_is_authoritative=False), now, lookup=asked
    )


def _park_at_once(attempt: Any, connector: Any, now: Any, **given: Any) -> Decision:
    decision = protocol.decide(attempt, connector, now, **given)
    return Decision(Move.PARK, "doubt") if decision.move is Move.LOOK_UP else decision


def _any_list(attempt: Any, connector: Any, now: Any, **given: Any) -> Decision:
    return protocol.decide(attempt, replace(connector, lookup_is_authoritative=True), now, **given)


def _silence_is_absence(
    attempt: Any, connector: Any, now: Any, lookup: Lookup | None = None
) -> Decision:
    if lookup is Lookup.UNAVAILABLE and connector.lookup_is_authoritative:
        lookup = Lookup.NOT_FOUND
    return protocol.decide(attempt, connector, now, lookup=lookup)


def _no_key_window(patch: Patch) -> None:
    patch.setattr(
        protocol, "key_is_live", lambda _a, connector, _n: bool(connector.idempotency_window_hours)
    )


def _no_time_to_land(patch: Patch) -> None:
    patch.setattr(protocol, "SENDER_LIVES_SECONDS", -10_000)


def _new_key_each_time(patch: Patch) -> None:
    whole = Sending.send

    def send(self: Sending, claim: Any, attempt: Any) -> Any:
        key = f"{attempt.idempotency_key}-{attempt.tries}"
        return whole(self, claim, replace(attempt, idempotency_key=key))

    patch.setattr(Sending, "send", send)


@dataclass(frozen=True, slots=True)
class _Forgetful:
    """Evidence that gives other bytes for every try."""

    kept: Evidence
    tries: int

    def fetch(self, key: str) -> bytes:
        """See `ports.Evidence`."""
        return self.kept.fetch(key) + b"\n" * self.tries


def _new_bytes_each_time(patch: Patch) -> None:
    whole = Sending.send

    def send(self: Sending, claim: Any, attempt: Any) -> Any:
        evidence: Any = _Forgetful(self.ports.evidence, attempt.tries)
        ports = replace(self.ports, evidence=evidence)
        return whole(replace(self, ports=ports), claim, attempt)

    patch.setattr(Sending, "send", send)


def _events_apart(patch: Patch) -> None:
    whole = DynamoDbRecords.commit

    def commit(self: DynamoDbRecords, commit: Commit) -> None:
        whole(self, replace(commit, events=()))
        if commit.events:
            line = to_item(records._history(commit, commit.root))
            self._client.put_item(TableName=self._table, Item=line)

    patch.setattr(DynamoDbRecords, "commit", commit)


def _silence_is_refusal(patch: Patch) -> None:
    def note(self: Sending, claim: Any, attempt: Any, why: str, **_told: Any) -> Any:
        return self.record(claim, attempt, SubmissionAnswer(accepted=False, code=why))

    patch.setattr(Sending, "note_unknown", note)


def _silence_is_success(patch: Patch) -> None:
    def note(self: Sending, claim: Any, attempt: Any, why: str, **_told: Any) -> Any:
        return self.record(claim, attempt, SubmissionAnswer(accepted=True, code=why))

    patch.setattr(Sending, "note_unknown", note)


def _nobody_sweeps(patch: Patch) -> None:
    patch.setattr("functions.billing.usecases.sweep_submissions._STANDS_STILL", {})


def _file_is_forgotten(patch: Patch) -> None:
    patch.setattr("functions.billing.usecases.claim_files.OPEN_FILE", "")


def _closed_before_told(patch: Patch) -> None:
    whole = FileSending._tell

    def tell(self: FileSending, file: ClaimFile) -> str:
        closed = self._committed(replace(file, due_kind="", due_at=None), "told")
        return whole(self, closed)

    patch.setattr(FileSending, "_tell", tell)


def _frozen_anew(patch: Patch) -> None:
    """Whoever takes a file up writes it again, instead of sending what was frozen."""

    def resolve(self: FileSending, file: ClaimFile) -> str:
        return self._send(self._freeze(file, file.members))

    patch.setattr(FileSending, "_resolve", resolve)


def _explored(
    script: Callable[..., Scenario], environment: str, **allowance: Any
) -> Callable[[], Scenario]:
    (found,) = (each for each in (*ENVIRONMENTS, *IN_FILES) if each.name == environment)
    return lambda: script(found, **allowance)


MUTANTS = (
    Mutant(
        "intent only if nobody else began",
        _unconditional("intent"),
        _explored(at_once, "key and list", faults=0),
    ),
    Mutant(
        "taken up only if nobody else did",
        _unconditional("taken_up"),
        _explored(at_once, "key and list", faults=1),
    ),
    Mutant("settle time", _no_settle_time, _explored(at_once, "neither", faults=0, jumps=(25,))),
    Mutant(
        "time to land", _no_time_to_land, _explored(at_once, "late, list", faults=1, jumps=(25,))
    ),
    Mutant("one key for one attempt", _new_key_each_time, _explored(in_turn, "key only", faults=1)),
    Mutant(
        "the same bytes under the same key",
        _new_bytes_each_time,
        _explored(in_turn, "key only", faults=1),
    ),
    Mutant(
        "a key is trusted inside its window only",
        _no_key_window,
        _explored(neglected, "key only", faults=1),
    ),
    Mutant("events in the transaction", _events_apart, _explored(in_turn, "key only", faults=1)),
    Mutant("the list is asked", _decide(_no_list), _explored(neglected, "list only", faults=1)),
    Mutant(
        "only an authoritative list is proof",
        _decide(_any_list),
        _explored(in_turn, "neither", faults=1),
    ),
    Mutant(
        "a list that is silent says nothing",
        _decide(_silence_is_absence),
        _explored(in_turn, "list only", faults=2),
    ),
    Mutant(
        "nothing is parked that can be known",
        _decide(_park_at_once),
        _explored(in_turn, "key and list", faults=1),
    ),
    Mutant(
        "no answer is not a refusal", _silence_is_refusal, _explored(in_turn, "key only", faults=1)
    ),
    Mutant(
        "no answer is not a success", _silence_is_success, _explored(in_turn, "key only", faults=1)
    ),
    Mutant(
        "what stands still is swept", _nobody_sweeps, _explored(forgotten, "key only", faults=1)
    ),
    Mutant(
        "a claim goes in one file only",
        _unconditional("intent"),
        _explored(claim_file.at_once, "list only, in files", faults=0),
    ),
    Mutant(
        "a file is looked after until its end",
        _file_is_forgotten,
        _explored(claim_file.by_the_clock, "key and list, in files", faults=1),
    ),
    Mutant(
        "a file is closed when all its claims were told",
        _closed_before_told,
        _explored(claim_file.by_the_clock, "key and list, in files", faults=1),
    ),
    Mutant(
        "a file is frozen once",
        _frozen_anew,
        _explored(claim_file.by_the_clock, "key only, in files", faults=1),
    ),
)


@contextmanager
def without(mutant: Mutant) -> Iterator[None]:
    """The protocol without one of its guards."""
    with pytest.MonkeyPatch.context() as patch:
        mutant.remove(patch)
        yield


def killer_of(mutant: Mutant) -> Case | None:
    """A schedule that shows that the guard is missing; None when the simulation does not notice."""
    with without(mutant):
        cases = examine(mutant.shows_in(), stop_at_first=True).cases
    return cases[0] if cases else None
