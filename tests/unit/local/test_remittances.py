"""How far a payment is, told from its batches alone."""

from datetime import timedelta

import pytest

from functions.billing.domain.remittance.payments import PostedBatch, Remittance
from local.remittances import progress_of
from tests.fakes import NOON
from tests.unit.usecases.payer_files import answered, remittance_file
from tests.unit.usecases.world import World


@pytest.fixture(scope="module")
def received() -> Remittance:
    """A payment of 250 claims, read and not posted."""
    world = World()
    claims = [answered({}, pcn=f"P{number}") for number in range(250)]
    (identifier,) = world.receive(remittance_file(*claims))["remittances"]
    found = world.records.get(Remittance, Remittance.key_of(identifier))
    assert found is not None
    return found


def batches(received: Remittance, *minutes: int) -> list[PostedBatch]:
    return [
        PostedBatch(
            remittance_id=received.remittance_id,
            first_ordinal=1 + 100 * number,
            claims=100,
            matched=100,
            touched=0,
            posted_cents=0,
            posted_at=NOON + timedelta(minutes=minute),
        )
        for number, minute in enumerate(minutes)
    ]


def test_before_the_second_batch_nothing_is_foreseen(received: Remittance) -> None:
    assert progress_of(received, [], now=NOON).left == "3 of 3 batches"
    assert progress_of(received, batches(received, 0), now=NOON).left == "2 of 3 batches"


def test_the_pace_so_far_foresees_the_end(received: Remittance) -> None:
    found = progress_of(received, batches(received, 0, 4), now=NOON)

    assert (found.batches_posted, found.claims_posted) == (2, 200)
    assert found.left == "50 claims, about 0:01:00"


def test_what_is_not_posted_in_its_time_is_overdue(received: Remittance) -> None:
    assert not progress_of(received, [], now=NOON).is_overdue
    assert progress_of(received, [], now=NOON + timedelta(hours=2)).is_overdue
