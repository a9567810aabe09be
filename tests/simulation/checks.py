"""What must hold in every state a schedule can end in, whatever its subject."""

import base64
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from functions.billing.adapters.codec import plain_value
from functions.billing.domain.commit import audit_entry
from functions.billing.domain.keys import derived_id
from functions.billing.domain.ledger.balances import prove_entries
from functions.billing.usecases.postings import entries_of
from tests.builders import COVERAGE, PATIENT
from tests.simulation.cloud import AUDIT, RECORDS, Cloud
from tests.simulation.finding import Finding, Kind


def rows(cloud: Cloud, table: str, kind: str = "") -> Iterator[dict[str, Any]]:
    """A table's items as plain data; of one kind, or all."""
    for item in cloud.dynamodb.tables[table].values():
        if not kind or item.get("kind") == {"S": kind}:
            yield {name: plain_value(value) for name, value in item.items()}


def ledger_is_off(cloud: Cloud, *claim_ids: str) -> Iterator[Finding]:
    """Every claim's postings sum to zero."""
    for claim_id in claim_ids:
        proof = prove_entries(entries_of(cloud.records, claim_id))
        if proof.imbalance_cents or proof.unbalanced_postings or proof.conflicting_keys:
            yield Finding(Kind.UNBALANCED, f"{claim_id} is off by {proof.imbalance_cents} cents")


def audit_is_broken(cloud: Cloud) -> Iterator[Finding]:
    """Every entry is chained to the one before by its hash, and the newest hash rests on the record."""
    chains: dict[str, str] = {}
    sequence: Counter[str] = Counter()
    for row in sorted(rows(cloud, AUDIT), key=lambda row: (row["pk"], row["sk"])):
        subject = row["pk"]
        sequence[subject] += 1
        entry = audit_entry(
            subject=subject,
            sequence=int(row["sk"].removeprefix("AUDIT#")),
            previous=row["previous"],
            body=row["body"],
        )
        is_next = entry.sequence == sequence[subject]
        if not is_next or entry.previous != chains.get(subject, "") or entry.hash != row["hash"]:
            yield Finding(Kind.AUDIT_BROKEN, f"{subject} breaks at {entry.sequence}")
        chains[subject] = row["hash"]
    heads = {row["audit_head"] for row in rows(cloud, RECORDS) if row.get("audit_head")}
    for subject, head in chains.items():
        if head not in heads:
            yield Finding(Kind.AUDIT_BROKEN, f"{subject} has an end that rests on no record")


def events_are_lost(
    cloud: Cloud, subject: str, partition: str, told_by: Mapping[str, tuple[str, ...]]
) -> Iterator[Finding]:
    """Each decision in a thing's history has left the events it promises, in order."""
    for line in rows(cloud, RECORDS, "HISTORY"):
        if line["pk"] != partition:
            continue
        waiting = {event["event_id"]: event["type"] for event in line.get("events", ())}
        for ordinal, type_ in enumerate(told_by.get(line["decision"], ())):
            version, step = str(line["sequence"]), line["step"]
            wanted = derived_id("evt_", subject, version, step, str(ordinal), length=26)
            if waiting.get(wanted) != type_:
                yield Finding(Kind.EVENT_LOST, f"{line['decision']} said nothing of {type_}")


class Overheard(io.TextIOBase):
    """Where logs, metrics, errors and dead letters go: remembers whether a patient was told of."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def write(self, text: str) -> int:
        """As a stream does."""
        for name, forms in _CANARIES.items():
            if any(form in text for form in forms):
                self._told.add(name)
        return len(text)

    def findings(self) -> Iterator[Finding]:
        """No name or number of the patient may have been let out."""
        for name in sorted(self._told):
            yield Finding(Kind.TOLD, f"the patient's {name} was let out")


def _forms(value: str) -> tuple[str, ...]:
    """As it stands, and as a log, a URL or a hash might show it."""
    plain = {value, value.lower(), value.title(), value.replace("-", "")}
    encoded = {base64.b64encode(form.encode()).decode().rstrip("=") for form in plain}
    hashed = {hashlib.sha256(form.encode()).hexdigest() for form in plain}
    return tuple(plain | encoded | hashed)


_CANARIES = {
    "family name": _forms(PATIENT.name.family),
    "member number": _forms(COVERAGE.member_id),
    "birth date": _forms(PATIENT.birth_date.isoformat()),
    "street": _forms("12 ELM STREET"),
}
