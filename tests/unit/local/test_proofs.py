from datetime import timedelta

import pytest

from functions.billing.adapters.codec import plain_value, to_item
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import Actor, Commit, OutboxEvent
from local.proofs import audit_problems, unpublished
from local.store import Store
from tests.builders import CAUSE, history_line, released_claim
from tests.fakes import NOON, InMemoryRecords
from tests.unit.local.runs import stored


@pytest.fixture
def records() -> InMemoryRecords:
    found = InMemoryRecords()
    claim = released_claim(found)
    found.commit(
        Commit(
            step="given",
            cause=CAUSE,
            actor=Actor("test"),
            at=NOON,
            root=claim.moved(ClaimState.HELD, reasons=("approval_refused",)),
            decision="returned",
        )
    )
    return found


def _entries(records: InMemoryRecords) -> list[dict[str, object]]:
    return [
        {name: plain_value(value) for name, value in item.items()}
        for item in records.tables.tables["audit"].values()
    ]


def test_a_whole_trail_has_no_problems(records: InMemoryRecords) -> None:
    assert audit_problems(stored(records), _entries(records)) == []


def test_an_altered_entry_is_found(records: InMemoryRecords) -> None:
    entries = _entries(records)
    entries[1]["body"] = {**entries[1]["body"], "actor": "somebody else"}  # type: ignore[dict-item]

    problems = audit_problems(stored(records), entries)

    assert "claim:CTESTCLAIM01: an entry was altered or is missing" in problems


def test_a_removed_entry_is_found_even_at_the_end(records: InMemoryRecords) -> None:
    entries = sorted(_entries(records), key=lambda entry: str(entry["sk"]))[:-1]

    assert audit_problems(stored(records), entries) == [
        "CLAIM at version 3: its last change has no entry"
    ]


def _outbox(*identifiers: str) -> Store:
    return Store(
        tuple(
            to_item(
                history_line(
                    "C1",
                    OutboxEvent(event_id=identifier, type="claim.staged", data={}),
                    sequence=sequence,
                )
            )
            for sequence, identifier in enumerate(identifiers, start=1)
        )
    )


def test_an_event_that_never_came_over_the_bus_is_named() -> None:
    said = _outbox("evt-1", "evt-2", "evt-3")

    lost, twice = unpublished(said, ["evt-1", "evt-3", "evt-3"], since=NOON)

    assert lost == ["evt-2"]
    assert twice == 1


def test_what_was_said_before_anybody_listened_is_not_missed() -> None:
    lost, _ = unpublished(_outbox("evt-1"), [], since=NOON + timedelta(seconds=1))

    assert lost == []
