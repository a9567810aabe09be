"""The protocol with one guard taken out at a time: a simulation that misses one of these proves nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from functions.billing.adapters.records import DynamoDbRecords
from functions.billing.domain.commit import Commit
from functions.billing.domain.submission import protocol
from functions.billing.domain.submission.protocol import Decision, Lookup, Move
from functions.billing.ports import SubmissionAnswer
from functions.billing.usecases.sending import Sending
from tests.simulation.environments import ENVIRONMENTS
from tests.simulation.scenario import Case, examine
from tests.simulation.subjects.submission import scenarios

Patch = pytest.MonkeyPatch
RESOLVE = "functions.billing.usecases.resolve_submission"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A guard, and how to take it out."""

    guard: str
    remove: Callable[[Patch], None]


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


def _no_settle_time(attempt: Any, connector: Any, now: Any, **given: Any) -> Decision:
    return protocol.decide(attempt, replace(connector, settle_seconds=0), now, **given)


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


def _new_bytes_each_time(patch: Patch) -> None:
    from tests.simulation.cloud import InMemoryS3  # noqa: PLC0415 the store is what forgets

    whole = InMemoryS3.get_object

    def get(self: InMemoryS3, **given: Any) -> Any:
        answer = whole(self, **given)
        if given["Key"].startswith("submissions/"):
            asked = getattr(get, "asked", 0) + 1
            get.asked = asked  # type: ignore[attr-defined]
            content = answer["Body"].content + hashlib.sha256(str(asked).encode()).digest()[:1]
            return {"Body": replace(answer["Body"], content=content)}
        return answer

    patch.setattr(InMemoryS3, "get_object", get)


def _events_apart(patch: Patch) -> None:
    whole = DynamoDbRecords.commit

    def commit(self: DynamoDbRecords, commit: Commit) -> None:
        whole(self, replace(commit, events=()))
        from functions.billing.adapters import records  # noqa: PLC0415 its private helper

        for item in records._outbox(commit):
            self._client.put_item(TableName=self._table, Item=item)

    patch.setattr(DynamoDbRecords, "commit", commit)


def _silence_is_refusal(patch: Patch) -> None:
    def note(self: Sending, claim: Any, attempt: Any, why: str) -> Any:
        return self.record(claim, attempt, SubmissionAnswer(accepted=False, code=why))

    patch.setattr(Sending, "note_unknown", note)


def _silence_is_success(patch: Patch) -> None:
    def note(self: Sending, claim: Any, attempt: Any, why: str) -> Any:
        return self.record(claim, attempt, SubmissionAnswer(accepted=True, code=why))

    patch.setattr(Sending, "note_unknown", note)


def _nobody_sweeps(patch: Patch) -> None:
    patch.setattr("functions.billing.usecases.sweep_submissions._STANDS_STILL", {})


MUTANTS = (
    Mutant("intent only if nobody else began", _unconditional("intent")),
    Mutant("taken up only if nobody else did", _unconditional("taken_up")),
    Mutant("settle time", _decide(_no_settle_time)),
    Mutant("time to land", _no_time_to_land),
    Mutant("one key for one attempt", _new_key_each_time),
    Mutant("the same bytes under the same key", _new_bytes_each_time),
    Mutant("a key is trusted inside its window only", _no_key_window),
    Mutant("events in the transaction", _events_apart),
    Mutant("the list is asked", _decide(_no_list)),
    Mutant("only an authoritative list is proof", _decide(_any_list)),
    Mutant("a list that is silent says nothing", _decide(_silence_is_absence)),
    Mutant("nothing is parked that can be known", _decide(_park_at_once)),
    Mutant("no answer is not a refusal", _silence_is_refusal),
    Mutant("no answer is not a success", _silence_is_success),
    Mutant("what stands still is swept", _nobody_sweeps),
)


@contextmanager
def without(mutant: Mutant) -> Iterator[None]:
    """The protocol without one of its guards."""
    with pytest.MonkeyPatch.context() as patch:
        mutant.remove(patch)
        yield


def killer_of(mutant: Mutant, *, faults: int = 2, jumps: int = 1) -> Case | None:
    """The first schedule that shows the guard is missing; None when the simulation does not notice."""
    with without(mutant):
        for depth in range(faults + 1):
            for environment in ENVIRONMENTS:
                for scenario in scenarios(
                    environment,
                    faults=depth,
                    faults_at_once=min(depth, 1),
                    jumps=jumps if depth else 0,
                ):
                    outcome = examine(scenario, stop_at_first=True)
                    if outcome.cases:
                        return outcome.cases[0]
    return None
