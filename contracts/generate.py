"""Write the schema, an example and the table of every event: `python -m contracts.generate`.

The contracts themselves stand in `functions/billing/domain/events/contracts.py`; nothing here is written by hand. The
schemas are JSON Schema draft 4, the one EventBridge's schema registry reads. The examples are signed, so a producer can
try its own signing code against them: their keys are in `examples/keys.json`.
"""

import base64
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from functions.billing.adapters.signing import Ed25519Signer
from functions.billing.domain.events.contracts import INBOUND, OUTBOUND, Contract, Envelope
from functions.billing.domain.events.envelope import envelope, signed_bytes

FOLDER = Path(__file__).parent
DRAFT = "http://json-schema.org/draft-04/schema#"
SCHEDULE, OUR_PRODUCER, THEIR_PRODUCER = "schedule", "billing", "ehr.example"
MOMENT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

# Which of our own workflows waits for an event of ours.
_CONSUMED_BY_US = frozenset(
    {
        "appeal.opened",
        "claim.recalled",
        "claim.released",
        "denial.received",
        "eligibility.recheck.requested",
        "rule_set.changed",
    }
)

_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

# One plausible value for each field, wherever it stands.
EXAMPLES: Mapping[str, Any] = {
    "about": "claim:C7QF2M4KX1ZRA",
    "adjustment_id": "adjustment-1",
    "amount_cents": 7300,
    "balance_cents": 2500,
    "change_cents": 2500,
    "appeal_id": "PDEK6RYY3IBNU",
    "appointment_id": "appointment-1",
    "attempt": 1,
    "codes": ["P1:20"],
    "verdict": "pending",
    "bucket": "authorization",
    "changes": ["coverage_state"],
    "charge_cents": 15000,
    "claim_id": "C7QF2M4KX1ZRA",
    "claims": 12,
    "content_version": f"sha256:{_SHA256}",
    "coverage_id": "coverage-1",
    "coverage_state": "active",
    "decided_on": "2026-03-02",
    "decision": "overturned",
    "denial_id": "D5XK2B7QTM3UA",
    "dependency": "eligibility:BLUEPEAK",
    "deposit_id": "deposit-1",
    "deposited_on": "2026-03-02",
    "document_key": "ehr/encounter-1/1.json",
    "document_sha256": _SHA256,
    "encounter_id": "encounter-1",
    "file_key": "remittances/835_0001.x12",
    "given_on": "2026-03-04",
    "level": 1,
    "location_id": "location-1",
    "match_quality": "exact",
    "paid_cents": 7300,
    "parked": False,
    "patient_id": "patient-1",
    "payer": "BLUEPEAK",
    "payer_id": "BLUEPEAK",
    "payer_identifier": "1412345678",
    "queue": "coding",
    "reason": "diagnosis_missing",
    "reason_code": "patient_payment",
    "reasons": ["diagnosis_missing"],
    "recheck_at": "2026-03-02T12:15:00Z",
    "recommended_action": "add the diagnosis that supports the service",
    "reference": "RU3ZT6GQ2V7WA",
    "remittance_id": "RU3ZT6GQ2V7WA",
    "requested_on": "2026-03-02",
    "resolution": "claim_passed_validation",
    "resource_version": 2,
    "revision": 1,
    "rule_set": "scrub",
    "ruleset_version": f"sha256:{_SHA256}",
    "seconds": 1800,
    "since": "2026-03-02T11:30:00Z",
    "state": "retired",
    "starts_at": "2026-03-05T14:00:00Z",
    "table_version": f"sha256:{_SHA256}",
    "trace_number": "EFT0000001",
    "webhook_id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
    "work_item_id": "W2H4OKVFM732R",
}
# Where one name carries another kind of value.
EXCEPTIONS: Mapping[tuple[str, str], Any] = {
    ("claim.validation.failed", "event"): "claim.validation.failed",
    ("acknowledgement.received", "file_key"): "acknowledgements/277CA_0001.x12",
    ("claim.acknowledged", "level"): "claim.accepted",
    ("claim.rejected", "level"): "claim",
    ("claim.rejected", "reasons"): ["A7:562:85"],
    ("remittance.exception", "reasons"): ["unbalanced"],
    ("rule_set.changed", "decision"): "rolled_back",
}


def contracts() -> dict[str, type[Contract]]:
    """Every event by its type, in order."""
    return dict(sorted({**INBOUND, **OUTBOUND}.items()))


def files() -> dict[str, str]:
    """Everything this folder holds, by path."""
    made = {"README.md": _table(), "examples/keys.json": _text(_public_keys())}
    for type_, contract in contracts().items():
        name = f"{type_}.v{contract.event_version}.json"
        made[name] = _text(schema_of(contract))
        made[f"examples/{name}"] = _text(example_of(contract))
    return made


def schema_of(contract: type[Contract]) -> dict[str, Any]:
    """The envelope with this payload, closed."""
    schema = _draft_4(Envelope.model_json_schema())
    properties = schema["properties"]
    properties["type"] = {"type": "string", "enum": [contract.event_type]}
    properties["version"] = {"type": "integer", "enum": [contract.event_version]}
    properties["data"] = _draft_4(contract.model_json_schema())
    if contract.authority == OUR_PRODUCER:
        properties["producer"] = {"type": "string", "enum": [OUR_PRODUCER]}
    return {
        "$schema": DRAFT,
        **schema,
        "title": f"{contract.event_type}, version {contract.event_version}",
        "description": _sentence(contract),
    }


def example_of(contract: type[Contract]) -> dict[str, Any]:
    """A signed event, the same on every run."""
    ours = contract.event_type in OUTBOUND
    signer = _signer("billing-example" if ours else "ehr-example")
    type_ = contract.event_type
    made = envelope(
        event_id=f"evt_example_{type_}",
        type_=type_,
        version=contract.event_version,
        occurred_at=MOMENT,
        signed_at=MOMENT,
        producer=OUR_PRODUCER if ours else THEIR_PRODUCER,
        key_id=signer.key_id,
        data={
            name: EXCEPTIONS.get((type_, name)) or EXAMPLES[name] for name in contract.model_fields
        },
    )
    return {**made, "signature": signer.sign(signed_bytes(made))}


def _signer(key_id: str) -> Ed25519Signer:
    """A key for examples only: its private half is known to everybody."""
    private = base64.b64encode(key_id.encode().ljust(32, b".")).decode()
    return Ed25519Signer(json.dumps({"key_id": key_id, "private_key": private}))


def _public_keys() -> dict[str, dict[str, str]]:
    owners = {"billing-example": OUR_PRODUCER, "ehr-example": THEIR_PRODUCER}
    return {
        key_id: {"producer": producer, "public_key": _signer(key_id).public_key()}
        for key_id, producer in owners.items()
    }


def _draft_4(schema: Any) -> Any:
    """Pydantic's schema in draft 4's words, without the titles it makes up."""
    match schema:
        case {"const": value, **rest}:
            return _draft_4({**rest, "enum": [value]})
        case dict():
            return {
                name: _draft_4_properties(value) if name == "properties" else _draft_4(value)
                for name, value in schema.items()
                if name != "title"
            }
        case list():
            return [_draft_4(each) for each in schema]
        case _:
            return schema


def _draft_4_properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Field names are data: one called `title` stays."""
    return {name: _draft_4(value) for name, value in properties.items()}


def _sentence(contract: type[Contract]) -> str:
    return " ".join((contract.__doc__ or "").split())


def _text(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


_HEADER = """\
# Events

Generated by `python -m contracts.generate` from `functions/billing/domain/events/contracts.py`; a test fails when it is
out of date. `<type>.v<version>.json` is the JSON Schema (draft 4) of an event as it stands in EventBridge's `detail`,
`examples/` holds a signed one of each, and `examples/keys.json` the public keys they verify with.

An event carries identifiers and references only: documents rest in the intake bucket, so no event holds protected
health information. Every event has the same envelope: `id` (the same event always has the same id, however often it is
published), `type`, `version`, `occurred_at`, `signed_at` (at most 15 minutes from when the bus took it), `producer`,
`key_id`, `correlation_id` (follows a whole chain; the first event names it), `data`, and `signature`: Ed25519, base64,
over the canonical JSON (sorted keys, no spaces, UTF-8) of all the others.

A field that is added with a default keeps the version; anything else is a new version, and the old one is accepted
until no producer sends it. An event that breaks its contract, has an unknown version, a missing, false or old
signature, or reuses an id for other content is refused: it is kept as evidence and becomes work for engineering, and
the others go on. A repeat is absorbed and kept beside the first.

**Retry policy**

- *inbox*: EventBridge delivers to the workflow's queue for 24 hours. Starting the workflow is tried five times, its
  steps retry what is transient, and what fails then rests in the inbox's dead-letter queue for 14 days with the reason,
  where a redrive is safe at any time.
- *outbox*: published, in the order it was committed, from the table's stream until the bus takes it, for 12 hours; then
  its place in the stream rests in a dead-letter queue. At least once, always under the same id: consumers drop ids
  they have seen.
- *clock*: not repeated; the next run finds whatever one that was missed would have found.

| Event | Authoritative source | Version | What the consumer does | Retry policy |
|---|---|---|---|---|
"""


def _table() -> str:
    rows = (
        f"| [`{type_}`]({type_}.v{contract.event_version}.json) | {contract.authority} "
        f"| {contract.event_version} | {contract.consumer} | {_retries(contract)} |"
        for type_, contract in contracts().items()
    )
    return _HEADER + "\n".join(rows) + "\n"


def _retries(contract: type[Contract]) -> str:
    if contract.authority == SCHEDULE:
        return "clock"
    if contract.event_type in INBOUND:
        return "inbox"
    return "outbox, then inbox" if contract.event_type in _CONSUMED_BY_US else "outbox"


def out_of_date() -> Iterator[str]:
    """Paths that differ from what would be generated, are missing, or should not be here."""
    made = files()
    for path, text in made.items():
        file = FOLDER / path
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            yield path
    for file in (*FOLDER.glob("*.json"), *FOLDER.glob("examples/*")):
        if str(file.relative_to(FOLDER)) not in made:
            yield str(file.relative_to(FOLDER))


def main() -> int:
    """Bring the folder up to date and say what changed."""
    made = files()
    for path in list(out_of_date()):
        file = FOLDER / path
        if path not in made:
            file.unlink()
            continue
        file.parent.mkdir(exist_ok=True)
        file.write_text(made[path], encoding="utf-8")
        sys.stdout.write(f"wrote contracts/{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
