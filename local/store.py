"""What the two tables hold at one moment, read once and asked many times."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from functions.billing.adapters.codec import from_item, plain_value
from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.commit import HistoryEntry, OutboxEvent, Record
from functions.billing.domain.eligibility.coverages import KnownCoverage, Visit
from functions.billing.domain.ledger.postings import Entry, Posting
from functions.billing.domain.remittance.payments import (
    AsideAnswer,
    Deposit,
    PostedAnswer,
    PostedBatch,
    Remittance,
)
from functions.billing.domain.submission.attempt import Attempt
from functions.billing.domain.submission.claim_file import ClaimFile
from functions.billing.usecases.postings import PostedEntries, StoredEntries, StoredPosting
from local.aws import Aws
from local.deployment import Deployment

R = TypeVar("R", bound=Record)
Item = Mapping[str, Any]


@dataclass(slots=True)
class Store:
    """Items of the records table, by kind and by partition."""

    items: tuple[Item, ...]
    _by_kind: dict[str, list[Item]] = field(default_factory=dict)
    _typed: dict[type, tuple[Any, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Sort the items into their kinds."""
        by_kind: defaultdict[str, list[Item]] = defaultdict(list)
        for item in self.items:
            by_kind[item.get("kind", {}).get("S", "")].append(item)
        self._by_kind = dict(by_kind)

    @classmethod
    def scanned(cls, aws: Aws, deployment: Deployment) -> Self:
        """The whole records table."""
        return cls(tuple(_scan(aws, deployment.records_table)))

    @classmethod
    def of_claim(cls, aws: Aws, deployment: Deployment, claim_id: str) -> Self:
        """What belongs to one claim: its partition, the files it went in, its denials and appeals, its open work."""
        client, table = aws.client("dynamodb"), deployment.records_table
        own = list(_partition(client, table, f"CLAIM#{claim_id}"))
        related = [
            *_by_ref(client, table, f"DENIALS#{claim_id}"),
            *_by_ref(client, table, f"WORK#claim:{claim_id}"),
        ]
        partitions = {item["pk"]["S"] for item in related}
        partitions |= {
            f"APPEAL#{item['appeal_id']['S']}" for item in related if "appeal_id" in item
        }
        partitions |= {
            ClaimFile.key_of(one.file_id).partition
            for one in cls(tuple(own)).of(Attempt)
            if one.file_id
        }
        for partition in sorted(partitions):
            own += _partition(client, table, partition)
        return cls(tuple(own))

    @classmethod
    def of_remittance(cls, aws: Aws, deployment: Deployment, remittance_id: str) -> Self:
        """What belongs to one payment: itself, what became of each answer, the claims they are about, its deposits."""
        client, table = aws.client("dynamodb"), deployment.records_table
        own = cls(tuple(_partition(client, table, f"REMITTANCE#{remittance_id}")))
        batches = [
            PostedAnswer.partition_of(remittance_id, one.first_ordinal)
            for one in own.of(PostedBatch)
        ]
        answers = cls(tuple(item for one in batches for item in _partition(client, table, one)))
        asides = [
            AsideAnswer.key_of(remittance_id, one.ordinal).partition
            for one in answers.of(PostedAnswer)
            if one.cause
        ]
        placed = cls(tuple(item for one in asides for item in _partition(client, table, one)))
        claims = dict.fromkeys(
            [one.claim_id for one in answers.of(PostedAnswer) if one.claim_id]
            + [one.claim_id for one in placed.of(AsideAnswer) if one.claim_id]
        )
        beside = [
            *(Claim.key_of(claim_id).partition for claim_id in claims),
            *(
                Deposit.key_of(one.deposit_id).partition
                for one in own.of(Remittance)
                if one.deposit_id
            ),
        ]
        theirs = tuple(item for one in beside for item in _partition(client, table, one))
        return cls((*own.items, *answers.items, *placed.items, *theirs))

    @classmethod
    def of_coverage(cls, aws: Aws, deployment: Deployment, coverage_id: str) -> Self:
        """What belongs to one coverage: its checks, its booked visits, its open work."""
        client, table = aws.client("dynamodb"), deployment.records_table
        own = list(_partition(client, table, f"COVERAGE#{coverage_id}"))
        own += _by_ref(client, table, f"WORK#coverage:{coverage_id}")
        for known in cls(tuple(own)).of(KnownCoverage):
            for visit in known.visits:
                own += _partition(client, table, Visit.key_of(visit.appointment_id).partition)
        return cls(tuple(own))

    @classmethod
    def of_visit(cls, aws: Aws, deployment: Deployment, appointment_id: str) -> Self:
        """What belongs to one visit: itself, its coverages, the work about it."""
        client, table = aws.client("dynamodb"), deployment.records_table
        own = list(_partition(client, table, Visit.key_of(appointment_id).partition))
        own += _by_ref(client, table, f"WORK#visit:{appointment_id}")
        for visit in cls(tuple(own)).of(Visit):
            for coverage_id in visit.coverage_ids:
                own += _partition(client, table, KnownCoverage.key_of(coverage_id).partition)
        return cls(tuple(own))

    @classmethod
    def listed(cls, aws: Aws, deployment: Deployment, ref: str) -> Self:
        """What carries a reference."""
        return cls(tuple(_by_ref(aws.client("dynamodb"), deployment.records_table, ref)))

    def of(self, kind: type[R]) -> tuple[R, ...]:
        """Every record of a kind, typed."""
        if kind not in self._typed:
            items = self._by_kind.get(kind.kind, ())
            self._typed[kind] = tuple(from_item(kind, item) for item in items)
        return self._typed[kind]

    def raw(self, kind: str) -> list[dict[str, Any]]:
        """Every record of a kind as plain data, its keys included."""
        return [
            {name: plain_value(value) for name, value in item.items()}
            for item in self._by_kind.get(kind, ())
        ]

    def under(self, kind: type[R], partition: str) -> tuple[R, ...]:
        """The records of a kind in one partition, in the order of their sort keys."""
        items = [item for item in self._by_kind.get(kind.kind, ()) if item["pk"]["S"] == partition]
        items.sort(key=lambda item: str(item["sk"]["S"]))
        return tuple(from_item(kind, item) for item in items)

    def outbox(self) -> Iterator[tuple[HistoryEntry, OutboxEvent]]:
        """Every event that a step has said, with the line of history that says it."""
        return ((line, event) for line in self.of(HistoryEntry) for event in line.events)

    def postings(self) -> dict[str, list[Posting]]:
        """Every posting by its partition: of a claim, a remittance or a deposit."""
        found: defaultdict[str, list[Posting]] = defaultdict(list)
        for stored in self.of(StoredPosting):
            found[stored.partition].extend(stored.all)
        return dict(found)

    def posted_entries(self) -> Iterator[PostedEntries]:
        """Every posting as it rests, whether or not it balances."""
        for stored in self.of(StoredEntries):
            yield stored.posting
            yield from stored.more

    def entries(self) -> Iterator[tuple[str, tuple[Entry, ...]]]:
        """Every posting's key and entries as they rest."""
        return ((posting.key, posting.entries) for posting in self.posted_entries())


def audit_entries(aws: Aws, deployment: Deployment) -> list[dict[str, Any]]:
    """The whole audit table as plain data."""
    return [
        {name: plain_value(value) for name, value in item.items()}
        for item in _scan(aws, deployment.audit_table)
    ]


def _scan(aws: Aws, table: str) -> Iterator[Item]:
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    for page in pages:
        yield from page["Items"]


def _partition(client: Any, table: str, partition: str) -> Iterator[Item]:
    pages = client.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": partition}},
    )
    for page in pages:
        yield from page["Items"]


def _by_ref(client: Any, table: str, ref: str) -> Iterable[Item]:
    pages = client.get_paginator("query").paginate(
        TableName=table,
        IndexName="by_ref",
        KeyConditionExpression="#ref = :ref",
        ExpressionAttributeNames={"#ref": "ref"},
        ExpressionAttributeValues={":ref": {"S": ref}},
    )
    for page in pages:
        yield from page["Items"]
