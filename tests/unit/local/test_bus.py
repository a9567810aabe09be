from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.billing.adapters.signing import Ed25519Verifier
from functions.billing.domain.events.envelope import signed_bytes
from local.aws import Aws
from local.bus import Bus
from local.day.records import EhrEvent, Phase, Signing
from local.deployment import Deployment
from local.keys import Keys
from tests.unit.local.deployments import deployment

KEYS = Keys.for_producers(["ehr.northfield"])
VERIFIER = Ed25519Verifier(KEYS.verification_keys)


def _bus() -> Bus:
    names: Deployment = deployment()
    return Bus(aws=Aws("http://127.0.0.1:9"), deployment=names, keys=KEYS)


def _event(signing: Signing, *, event_id: str = "evt-1", same_as: str = "") -> EhrEvent:
    return EhrEvent(
        phase=Phase.SIGN,
        type="encounter.signed",
        version=1,
        id=event_id,
        occurred_at=datetime(2026, 3, 2, tzinfo=UTC),
        data={"encounter_id": "enc-1"},
        signing=signing,
        same_envelope_as=same_as,
    )


def _is_believed(envelope: Mapping[str, Any]) -> bool:
    return VERIFIER.verify(
        envelope["key_id"], signed_bytes(envelope), envelope.get("signature", "")
    )


def test_an_honest_event_is_believed() -> None:
    envelope = _bus().envelope_of(_event(Signing.VALID))

    assert _is_believed(envelope)
    assert VERIFIER.producer_of(envelope["key_id"]) == envelope["producer"] == "ehr.northfield"


@pytest.mark.parametrize(
    "signing", [Signing.ABSENT, Signing.FORGED, Signing.UNKNOWN_KEY, Signing.ALTERED]
)
def test_a_dishonest_event_is_not(signing: Signing) -> None:
    assert not _is_believed(_bus().envelope_of(_event(signing)))


def test_a_stale_event_is_rightly_signed_but_an_hour_ago() -> None:
    envelope = _bus().envelope_of(_event(Signing.STALE))
    age = datetime.now(UTC) - datetime.fromisoformat(envelope["signed_at"])

    assert _is_believed(envelope)
    assert 3590 < age.total_seconds() < 3700


def test_a_repeat_is_the_very_same_envelope() -> None:
    bus = _bus()
    first = bus.envelope_of(_event(Signing.VALID))

    again = bus.envelope_of(_event(Signing.VALID, event_id="evt-2", same_as="evt-1"))

    assert again == first
