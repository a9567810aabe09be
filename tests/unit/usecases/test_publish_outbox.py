"""What a step committed is published, signed, under one id for ever."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from functions.billing.adapters.signing import Ed25519Signer, Ed25519Verifier, new_signing_secret
from functions.billing.domain.commit import OutboxEvent
from functions.billing.usecases.publish_outbox import Waiting, publish_outbox
from functions.billing.usecases.receive_event import read_event
from tests.builders import history_line
from tests.fakes import NOON, RecordedBus, SettableClock

SIGNER = Ed25519Signer(new_signing_secret("billing-1"))
KEYS = {"billing-1": {"producer": "billing", "public_key": SIGNER.public_key()}}


def released(number: int) -> OutboxEvent:
    return OutboxEvent(
        event_id=f"evt-{number}",
        type="claim.released",
        data={"claim_id": f"C{number}", "payer": "BLUEPEAK", "revision": 1},
    )


def waiting(number: int, *more: OutboxEvent) -> Waiting:
    line = history_line(f"C{number}", released(number), *more)
    return Waiting(position=str(number), line=replace(line, correlation_id="evt-root"))


@pytest.fixture
def bus() -> RecordedBus:
    return RecordedBus()


def publish(bus: RecordedBus, *lines: Waiting, clock: SettableClock | None = None) -> Any:
    return publish_outbox(lines, publisher=bus, signer=SIGNER, clock=clock or SettableClock())


def as_message(envelope: Mapping[str, Any]) -> str:
    return json.dumps(
        {
            "source": "billing",
            "detail-type": envelope["type"],
            "time": NOON.isoformat(),
            "detail": envelope,
        }
    )


def test_a_published_event_is_one_that_its_consumers_accept(bus: RecordedBus) -> None:
    assert publish(bus, waiting(1)) == ()

    (envelope,) = bus.published
    event = read_event(as_message(envelope), Ed25519Verifier(lambda: json.dumps(KEYS)))
    assert (event.event_id, event.type, event.correlation_id) == (
        "evt-1",
        "claim.released",
        "evt-root",
    )


def test_an_event_published_again_is_the_same_event_to_its_consumers(bus: RecordedBus) -> None:
    clock = SettableClock()
    publish(bus, waiting(1), clock=clock)
    clock.advance(minutes=10)
    publish(bus, waiting(1), clock=clock)

    first, again = bus.published
    verifier = Ed25519Verifier(lambda: json.dumps(KEYS))
    assert first["signed_at"] != again["signed_at"]
    assert read_event(as_message(first), verifier) == read_event(as_message(again), verifier)


def test_only_what_the_bus_did_not_take_is_answered_for(bus: RecordedBus) -> None:
    bus.refuses = {"evt-2"}

    assert publish(bus, waiting(1), waiting(2), waiting(3)) == ("2",)


def test_a_line_is_said_again_whole_when_one_of_its_events_was_not_taken(bus: RecordedBus) -> None:
    bus.refuses = {"evt-8"}

    assert publish(bus, waiting(1, released(7), released(8)), waiting(2)) == ("1",)
    assert [one["id"] for one in bus.published] == ["evt-1", "evt-7", "evt-2"]


def test_an_empty_batch_says_nothing(bus: RecordedBus) -> None:
    assert publish(bus) == ()
    assert bus.published == []
