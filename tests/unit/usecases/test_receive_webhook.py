"""A genuine webhook is a hint, acted upon once; any other is refused, kept, and engineering is told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.billing.domain.intake.webhooks import Webhook, sign_webhook
from functions.billing.usecases.receive_webhook import receive_webhook
from tests.fakes import FixedWebhookSecrets
from tests.unit.usecases.world import World

SECRET = "whsec_b3VyLXNlY3JldC1vdXItc2VjcmV0"


@pytest.fixture
def world() -> World:
    return World()


def call(
    world: World, *, identifier: str = "msg_1", secret: str = SECRET, age: float = 0
) -> Webhook:
    at = world.clock.now() - timedelta(seconds=age)
    unsigned = Webhook(
        identifier=identifier,
        timestamp=str(int(at.timestamp())),
        signatures=(),
        body=b'{"event":{"detail":{"transactionId":"T1"}}}',
    )
    return replace(unsigned, signatures=(sign_webhook(unsigned, secret),))


def receive(world: World, webhook: Webhook) -> str:
    return receive_webhook(
        webhook,
        records=world.records,
        evidence=world.evidence,
        secrets=FixedWebhookSecrets(SECRET),
        clock=world.clock,
    )


def test_a_genuine_call_is_announced_on_the_bus(world: World) -> None:
    assert receive(world, call(world)) == "taken"

    assert world.event("transaction.announced") == {"webhook_id": "msg_1"}
    assert world.only("WEBHOOK")["identifier"] == "msg_1"


def test_the_same_call_again_changes_nothing_even_signed_anew(world: World) -> None:
    receive(world, call(world))
    before = world.snapshot()
    world.clock.advance(hours=3)

    assert receive(world, call(world)) == "repeated"
    assert world.snapshot() == before


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ({"secret": "whsec_Zm9yZ2VkLWZvcmdlZC1mb3JnZWQ="}, "webhook_signature_invalid"),
        ({"age": 3_600}, "webhook_too_old"),
    ],
)
def test_a_forged_or_old_call_starts_nothing_and_is_kept(
    world: World, made: dict[str, object], reason: str
) -> None:
    refused = call(world, **made)  # type: ignore[arg-type]

    assert receive(world, refused) == "refused"

    assert "transaction.announced" not in world.event_types()
    kept = world.only("REFUSEDHOOK")
    assert kept["reason"] == reason
    assert world.evidence.fetch(kept["evidence_key"]) == refused.raw()
    assert world.open_work() == {reason: "engineering"}


def test_a_refused_call_does_not_use_up_the_id_of_the_genuine_one(world: World) -> None:
    receive(world, call(world, secret="whsec_Zm9yZ2VkLWZvcmdlZC1mb3JnZWQ="))

    assert receive(world, call(world)) == "taken"


def test_a_flood_of_forged_calls_is_one_piece_of_work_a_day(world: World) -> None:
    for number in range(20):
        forged = call(
            world, identifier=f"msg_{number}", secret="whsec_Zm9yZ2VkLWZvcmdlZC1mb3JnZWQ="
        )
        assert receive(world, forged) == "refused"

    assert len(world.of_kind("REFUSEDHOOK")) == 20
    assert len(world.of_kind("WORK")) == 1
