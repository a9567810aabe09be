"""An event acts once, repeats are absorbed, and what breaks its promises is refused, kept and somebody's work."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from functions.billing.adapters.signing import Ed25519Signer, Ed25519Verifier, new_signing_secret
from functions.billing.domain.events.envelope import envelope, signed_bytes
from functions.billing.usecases.receive_event import Delivery, receive_event
from tests.fakes import (
    NOON,
    InMemoryEvidence,
    InMemoryRecords,
    RecordedWorkflows,
    SettableClock,
)

SIGNED = {
    "encounter_id": "encounter-1",
    "patient_id": "patient-1",
    "document_key": "ehr/encounter-1/1.json",
    "document_sha256": "a" * 64,
}
DEPOSITED = {
    "deposit_id": "dep-1",
    "trace_number": "EFT1",
    "payer_identifier": "1412345678",
    "amount_cents": 7_300,
    "deposited_on": "2026-03-02",
}


class Inbox:
    """The claim workflow's inbox, an EHR that signs, and a stranger who would like to."""

    def __init__(self) -> None:
        self.clock = SettableClock()
        self.records = InMemoryRecords()
        self.evidence = InMemoryEvidence()
        self.workflows = RecordedWorkflows()
        self.ehr = Ed25519Signer(new_signing_secret("ehr-1"))
        self.ours = Ed25519Signer(new_signing_secret("billing-1"))
        self.stranger = Ed25519Signer(new_signing_secret("ehr-1"))
        self.keys = {
            "ehr-1": {"producer": "ehr.test", "public_key": self.ehr.public_key()},
            "billing-1": {"producer": "billing", "public_key": self.ours.public_key()},
        }
        self.deliveries = 0

    def signed(
        self,
        type_: str = "encounter.signed",
        data: Mapping[str, Any] = SIGNED,
        *,
        signer: Ed25519Signer | None = None,
        producer: str = "ehr.test",
        **changes: Any,
    ) -> dict[str, Any]:
        """A detail as its producer signs it."""
        signer = signer or (self.ours if producer == "billing" else self.ehr)
        made = envelope(
            event_id="evt-1",
            type_=type_,
            version=1,
            occurred_at=NOON - timedelta(minutes=3),
            signed_at=self.clock.now(),
            producer=producer,
            key_id=signer.key_id,
            data=data,
        )
        made.update(changes)
        return {**made, "signature": signer.sign(signed_bytes(made))}

    def message(self, detail: Any, **changes: Any) -> str:
        """What the rule puts into the queue."""
        return json.dumps(
            {
                "source": "ehr.test",
                "detail-type": detail.get("type") if isinstance(detail, dict) else "",
                "time": self.clock.now().isoformat(),
                "detail": detail,
                **changes,
            }
        )

    def receive(self, body: str, *, redriven: bool = False) -> str:
        self.deliveries += 1
        return receive_event(
            Delivery(body, f"message-{self.deliveries}", redriven),
            workflow="claim",
            records=self.records,
            evidence=self.evidence,
            verifier=Ed25519Verifier(lambda: json.dumps(self.keys)),
            workflows=self.workflows,
            clock=self.clock,
        )

    def refusal(self) -> tuple[str, str]:
        """Reason and place of the only refusal."""
        (refused,) = self.records.of_kind("REFUSED")
        return refused["reason"], refused.get("field_path", "")


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


# Acting ------------------------------------------------------------------------------------


def test_a_signed_event_starts_the_workflow_with_its_data_and_itself(inbox: Inbox) -> None:
    body = inbox.message(inbox.signed())

    assert inbox.receive(body) == "started"

    ((name, payload),) = inbox.workflows.started
    assert name == "encounter-signed-evt-1"
    assert payload == {
        "cause_id": "evt-1",
        "cause_type": "encounter.signed",
        "correlation_id": "evt-1",
        "data": {**SIGNED, "occurred_at": "2026-03-02T11:57:00+00:00"},
        "event": body,
    }
    (receipt,) = inbox.records.of_kind("RECEIPT")
    assert receipt["workflow"] == "claim"


def test_our_own_events_start_workflows_too(inbox: Inbox) -> None:
    data = {"claim_id": "C1", "payer": "BLUEPEAK", "revision": 1}
    detail = inbox.signed("claim.released", data, producer="billing", correlation_id="evt-root")

    assert inbox.receive(inbox.message(detail)) == "started"
    ((_, payload),) = inbox.workflows.started
    assert payload["correlation_id"] == "evt-root"


def test_a_new_key_of_the_same_producer_is_honoured_beside_the_old_one(inbox: Inbox) -> None:
    successor = Ed25519Signer(new_signing_secret("ehr-2"))
    inbox.receive(inbox.message(inbox.signed()))
    inbox.keys["ehr-2"] = {"producer": "ehr.test", "public_key": successor.public_key()}

    assert inbox.receive(inbox.message(inbox.signed(signer=successor, id="evt-2"))) == "started"


def test_the_order_of_fields_is_no_part_of_the_signature(inbox: Inbox) -> None:
    detail = dict(reversed(inbox.signed().items()))

    assert inbox.receive(inbox.message(detail)) == "started"


# Absorbing ---------------------------------------------------------------------------------


def test_a_repeat_is_absorbed_and_kept_beside_the_first(inbox: Inbox) -> None:
    body = inbox.message(inbox.signed())
    inbox.receive(body)

    assert inbox.receive(body) == "absorbed"
    assert inbox.receive(body) == "absorbed"

    assert len(inbox.workflows.started) == 1
    assert len(inbox.records.of_kind("REPEAT")) == 2


def test_an_event_published_again_under_a_new_signature_is_a_repeat(inbox: Inbox) -> None:
    inbox.receive(inbox.message(inbox.signed()))
    inbox.clock.advance(hours=6)

    assert inbox.receive(inbox.message(inbox.signed())) == "absorbed"
    assert inbox.records.of_kind("REFUSED") == []


def test_each_workflow_acts_upon_an_event_by_itself(inbox: Inbox) -> None:
    body = inbox.message(inbox.signed())
    inbox.receive(body)

    outcome = receive_event(
        Delivery(body, "other", False),
        workflow="denial",
        records=inbox.records,
        evidence=inbox.evidence,
        verifier=Ed25519Verifier(lambda: json.dumps(inbox.keys)),
        workflows=inbox.workflows,
        clock=inbox.clock,
    )

    assert outcome == "started"


def test_a_crash_between_start_and_receipt_starts_again_rather_than_losing_the_event(
    inbox: Inbox,
) -> None:
    body = inbox.message(inbox.signed())
    remember = inbox.records.remember
    inbox.records.remember = _fail  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        inbox.receive(body)
    inbox.records.remember = remember  # type: ignore[method-assign]

    assert inbox.receive(body) == "started"
    assert len({name for name, _ in inbox.workflows.started}) == 1


def test_a_workflow_that_cannot_be_started_leaves_no_receipt(inbox: Inbox) -> None:
    inbox.workflows.start = _fail  # type: ignore[method-assign]

    with pytest.raises(ConnectionError):
        inbox.receive(inbox.message(inbox.signed()))

    assert inbox.records.of_kind("RECEIPT") == []


def _fail(*_: object, **__: object) -> bool:
    raise ConnectionError


def test_a_redriven_dead_letter_starts_its_workflow_again_under_another_name(inbox: Inbox) -> None:
    body = inbox.message(inbox.signed())
    inbox.receive(body)
    inbox.clock.advance(days=13)

    assert inbox.receive(body, redriven=True) == "started"

    first, again = (name for name, _ in inbox.workflows.started)
    assert first != again
    assert inbox.workflows.started[0][1] == inbox.workflows.started[1][1]


def test_an_execution_name_holds_no_character_step_functions_refuses(inbox: Inbox) -> None:
    detail = inbox.signed(id="urn:uuid:" + "x/|." * 25)

    inbox.receive(inbox.message(detail))
    inbox.receive(inbox.message(detail), redriven=True)

    for name, _ in inbox.workflows.started:
        assert 0 < len(name) <= 80
        assert not set(name) & set(':/|. "')


# Files and the clock -----------------------------------------------------------------------


def dropped(key: str, tag: str = "etag-1") -> str:
    return json.dumps(
        {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "time": "2026-03-02T12:00:00Z",
            "detail": {"object": {"key": key, "etag": tag}},
        }
    )


@pytest.mark.parametrize(
    ("key", "type_"),
    [
        ("remittances/835_1.x12", "remittance.received"),
        ("acknowledgements/999_1.x12", "acknowledgement.received"),
    ],
)
def test_a_dropped_file_starts_the_workflow_of_its_prefix(
    inbox: Inbox, key: str, type_: str
) -> None:
    assert inbox.receive(dropped(key)) == "started"

    ((_, payload),) = inbox.workflows.started
    assert payload["cause_type"] == type_
    assert payload["data"]["file_key"] == key


def test_a_file_notified_twice_acts_once_and_one_replaced_acts_again(inbox: Inbox) -> None:
    assert inbox.receive(dropped("remittances/a.x12")) == "started"
    assert inbox.receive(dropped("remittances/a.x12")) == "absorbed"
    assert inbox.receive(dropped("remittances/a.x12", "etag-2")) == "started"


def test_a_file_under_no_watched_prefix_is_refused(inbox: Inbox) -> None:
    assert inbox.receive(dropped("somewhere/else.x12")) == "refused"
    assert inbox.refusal()[0] == "event_type_unknown"


def test_a_file_event_without_its_file_is_refused(inbox: Inbox) -> None:
    assert inbox.receive(json.dumps({"source": "aws.s3", "detail": {}})) == "refused"
    assert inbox.refusal() == ("event_field_missing", "detail.object.key")


def due(type_: str, time: str = "2026-03-02T12:00:00Z") -> str:
    return json.dumps(
        {"source": "billing.schedule", "detail-type": type_, "time": time, "detail": {}}
    )


def test_the_clock_starts_a_workflow_once_for_each_time(inbox: Inbox) -> None:
    assert inbox.receive(due("reconciliation.due")) == "started"
    assert inbox.receive(due("reconciliation.due")) == "absorbed"
    assert inbox.receive(due("reconciliation.due", "2026-03-02T13:00:00Z")) == "started"


@pytest.mark.parametrize("body", [due("claim.released"), due("recheck.due", "")])
def test_the_clock_may_say_nothing_but_what_is_due_and_when(inbox: Inbox, body: str) -> None:
    assert inbox.receive(body) == "refused"


# Refusing ----------------------------------------------------------------------------------


def without(detail: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in detail.items() if name not in names}


def test_every_refusal_is_kept_whole_and_is_work_for_engineering(inbox: Inbox) -> None:
    body = inbox.message(without(inbox.signed(), "signature"))

    assert inbox.receive(body) == "refused"

    assert inbox.workflows.started == []
    (refused,) = inbox.records.of_kind("REFUSED")
    assert inbox.evidence.fetch(refused["evidence_key"]) == body.encode()
    assert (refused["claimed_id"], refused["event_type"]) == ("evt-1", "encounter.signed")
    (work,) = inbox.records.of_kind("WORK")
    assert (work["queue"], work["reason"]) == ("engineering", "signature_missing")
    assert [event["type"] for event in inbox.records.events()] == ["work_item.opened"]


def test_a_refused_event_that_comes_again_is_refused_once(inbox: Inbox) -> None:
    body = inbox.message(without(inbox.signed(), "signature"))
    inbox.receive(body)

    assert inbox.receive(body) == "refused"
    assert len(inbox.records.of_kind("REFUSED")) == 1
    assert len(inbox.records.of_kind("WORK")) == 1


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("{not json", id="broken"),
        pytest.param("", id="empty"),
        pytest.param("[" * 50_000 + "]" * 50_000, id="nested without end"),
        pytest.param('{"source": "ehr.test", "detail": {"id": "\\ud800"}}', id="half a character"),
    ],
)
def test_what_is_no_json_is_refused(inbox: Inbox, body: str) -> None:
    assert inbox.receive(body) == "refused"
    assert inbox.refusal()[0] == "event_not_json"


@pytest.mark.parametrize("body", ["[]", "3", '"text"', "null"])
def test_json_that_is_no_object_is_refused(inbox: Inbox, body: str) -> None:
    assert inbox.receive(body) == "refused"
    assert inbox.refusal()[0] == "event_not_object"


@pytest.mark.parametrize("detail", [None, [], "text", {}])
def test_an_event_without_an_envelope_is_refused(inbox: Inbox, detail: Any) -> None:
    assert inbox.receive(inbox.message(detail)) == "refused"
    assert inbox.refusal()[0] in {"envelope_invalid", "signature_missing"}


@pytest.mark.parametrize("signature", [None, "", 7])
def test_a_missing_signature_is_refused(inbox: Inbox, signature: Any) -> None:
    assert inbox.receive(inbox.message({**inbox.signed(), "signature": signature})) == "refused"
    assert inbox.refusal() == ("signature_missing", "detail.signature")


def test_a_forged_signature_is_refused(inbox: Inbox) -> None:
    assert inbox.receive(inbox.message(inbox.signed(signer=inbox.stranger))) == "refused"
    assert inbox.refusal() == ("signature_invalid", "detail.signature")


def test_a_signature_that_is_no_base64_is_refused(inbox: Inbox) -> None:
    assert inbox.receive(inbox.message({**inbox.signed(), "signature": "%%%"})) == "refused"
    assert inbox.refusal()[0] == "signature_invalid"


_ALTERED = {
    "id": "evt-2",
    "type": "charge.signed",
    "version": 2,
    "occurred_at": "2026-03-02T11:58:00+00:00",
    "signed_at": "2026-03-02T12:00:01+00:00",
    "producer": "billing",
    "key_id": "billing-1",
    "correlation_id": "evt-0",
    "data": {**SIGNED, "patient_id": "patient-2"},
}


@pytest.mark.parametrize("name", _ALTERED)
def test_whatever_is_altered_after_signing_is_refused(inbox: Inbox, name: str) -> None:
    detail = {**inbox.signed(), name: _ALTERED[name]}

    assert inbox.receive(inbox.message(detail)) == "refused"
    assert inbox.refusal()[0] in {"signature_invalid", "signing_key_unknown"}
    assert inbox.workflows.started == []


def test_an_unknown_key_is_refused(inbox: Inbox) -> None:
    nobody = Ed25519Signer(new_signing_secret("nobody-1"))

    assert inbox.receive(inbox.message(inbox.signed(signer=nobody))) == "refused"
    assert inbox.refusal() == ("signing_key_unknown", "detail.key_id")


def test_a_producer_may_not_speak_in_anothers_name(inbox: Inbox) -> None:
    detail = inbox.signed(producer="ehr.other", signer=inbox.ehr)

    assert inbox.receive(inbox.message(detail)) == "refused"
    assert inbox.refusal()[0] == "signing_key_unknown"


@pytest.mark.parametrize("minutes", [16, -16])
def test_a_signature_made_long_before_or_after_the_bus_took_the_event_is_refused(
    inbox: Inbox, minutes: int
) -> None:
    detail = inbox.signed()
    inbox.clock.advance(minutes=minutes)

    assert inbox.receive(inbox.message(detail)) == "refused"
    assert inbox.refusal() == ("signature_too_old", "detail.signed_at")


def test_a_message_that_waited_in_the_queue_is_not_too_old(inbox: Inbox) -> None:
    body = inbox.message(inbox.signed())
    inbox.clock.advance(days=3)

    assert inbox.receive(body) == "started"


@pytest.mark.parametrize("time", ["", "yesterday", "2026-03-02T12:00:00"])
def test_without_the_buss_time_an_events_age_is_not_guessed(inbox: Inbox, time: str) -> None:
    assert inbox.receive(inbox.message(inbox.signed(), time=time)) == "refused"
    assert inbox.refusal() == ("event_time_missing", "time")


@pytest.mark.parametrize("name", ["occurred_at", "signed_at"])
def test_a_time_without_its_zone_is_refused(inbox: Inbox, name: str) -> None:
    changes: dict[str, Any] = {name: "2026-03-02T12:00:00"}

    assert inbox.receive(inbox.message(inbox.signed(**changes))) == "refused"
    assert inbox.refusal() == ("envelope_invalid", f"detail.{name}: timezone_aware")


def test_a_type_the_bus_and_the_envelope_name_differently_is_refused(inbox: Inbox) -> None:
    body = inbox.message(inbox.signed(), **{"detail-type": "charge.signed"})

    assert inbox.receive(body) == "refused"
    assert inbox.refusal()[0] == "event_type_mismatch"


def test_an_unknown_type_is_refused(inbox: Inbox) -> None:
    assert inbox.receive(inbox.message(inbox.signed("patient.sneezed"))) == "refused"
    assert inbox.refusal() == ("event_type_unknown", "detail.type")


def test_an_ehr_may_not_say_what_only_billing_says(inbox: Inbox) -> None:
    data = {"claim_id": "C1", "payer": "BLUEPEAK", "revision": 1}

    assert inbox.receive(inbox.message(inbox.signed("claim.released", data))) == "refused"
    assert inbox.refusal()[0] == "event_type_unknown"


def test_an_unknown_version_is_refused(inbox: Inbox) -> None:
    assert inbox.receive(inbox.message(inbox.signed(version=2))) == "refused"
    assert inbox.refusal() == ("event_version_unknown", "detail.version")


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (without(SIGNED, "patient_id"), "detail.data.patient_id: missing"),
        ({**SIGNED, "patient_id": ""}, "detail.data.patient_id: string_too_short"),
        ({**SIGNED, "patient_id": 7}, "detail.data.patient_id: string_type"),
        ({**SIGNED, "surname": "x"}, "detail.data.surname: extra_forbidden"),
        (
            {**SIGNED, "document_sha256": "x"},
            "detail.data.document_sha256: string_pattern_mismatch",
        ),
    ],
)
def test_a_payload_that_breaks_its_contract_is_refused_by_path(
    inbox: Inbox, data: Mapping[str, Any], where: str
) -> None:
    assert inbox.receive(inbox.message(inbox.signed(data=data))) == "refused"
    assert inbox.refusal() == ("payload_invalid", where)


@pytest.mark.parametrize("amount", ["7300", 7_300.0, 73.5, True, None])
def test_money_is_whole_cents_or_refused(inbox: Inbox, amount: Any) -> None:
    data = {**DEPOSITED, "amount_cents": amount}

    assert inbox.receive(inbox.message(inbox.signed("payment.deposited", data))) == "refused"
    assert inbox.refusal()[0] == "payload_invalid"


@pytest.mark.parametrize("day", ["02.03.2026", 1_772_409_600, "2026-03-02T00:00:00"])
def test_a_date_is_a_date_or_refused(inbox: Inbox, day: Any) -> None:
    data = {**DEPOSITED, "deposited_on": day}

    assert inbox.receive(inbox.message(inbox.signed("payment.deposited", data))) == "refused"


def test_an_id_used_again_with_other_content_is_refused(inbox: Inbox) -> None:
    inbox.receive(inbox.message(inbox.signed()))

    other = inbox.signed(data={**SIGNED, "document_sha256": "b" * 64})
    assert inbox.receive(inbox.message(other)) == "refused"

    assert inbox.refusal()[0] == "event_id_reused"
    assert len(inbox.workflows.started) == 1


def test_a_refusal_repeats_nothing_the_event_said(inbox: Inbox) -> None:
    detail = {**inbox.signed("QUILLFEATHER ADA"), "id": "born 1980-05-17", "signature": "x"}

    inbox.receive(inbox.message(detail))

    stored = json.dumps(
        [*inbox.records.tables.plain_items("records"), *inbox.records.tables.plain_items("audit")]
    )
    assert "QUILLFEATHER" not in stored
    assert "1980" not in stored
