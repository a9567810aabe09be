"""The tables and buckets of one stage, in memory or on an in-process AWS."""

from collections.abc import Iterator
from typing import Any, Protocol, cast

import boto3
import pytest
from moto import mock_aws

from functions.billing.adapters.codec import plain_value
from functions.billing.adapters.records import DUE_INDEX, REF_INDEX, DynamoDbRecords
from tests.fakes import InMemoryRecords

RECORDS, AUDIT = "records", "audit"
Item = dict[str, Any]


class Store(Protocol):
    """The records under test, and what only a test may do to the tables beneath."""

    records: DynamoDbRecords

    def items(self, table: str) -> list[Item]:
        """Every item in wire form."""
        ...

    def put(self, table: str, item: Item) -> None:
        """Write an item past every condition."""
        ...

    def delete(self, table: str, item: Item) -> None:
        """Remove an item."""
        ...


class InMemoryStore:
    """The fake every other test builds on."""

    def __init__(self) -> None:
        fake = InMemoryRecords()
        self.records: DynamoDbRecords = fake
        self._tables = fake.tables.tables

    def items(self, table: str) -> list[Item]:
        return list(self._tables[table].values())

    def put(self, table: str, item: Item) -> None:
        self._tables[table][item["pk"]["S"], item["sk"]["S"]] = item

    def delete(self, table: str, item: Item) -> None:
        del self._tables[table][item["pk"]["S"], item["sk"]["S"]]


class MotoStore:
    """The adapter on DynamoDB as moto plays it."""

    def __init__(self) -> None:
        self.client = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(self.client)
        self.records = DynamoDbRecords(self.client, table=RECORDS, audit_table=AUDIT)

    def items(self, table: str) -> list[Item]:
        pages = self.client.get_paginator("scan").paginate(TableName=table)
        return [cast("Item", item) for page in pages for item in page["Items"]]

    def put(self, table: str, item: Item) -> None:
        self.client.put_item(TableName=table, Item=item)

    def delete(self, table: str, item: Item) -> None:
        self.client.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})


def create_tables(client: Any) -> None:
    """The key schema of the data and audit stacks."""
    keys = [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    indexes = {DUE_INDEX: ("due_kind", "due_at"), REF_INDEX: ("ref",)}
    names = ("pk", "sk", *(name for index in indexes.values() for name in index))
    client.create_table(
        TableName=RECORDS,
        KeySchema=keys,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            {
                "IndexName": index,
                "KeySchema": [
                    {"AttributeName": name, "KeyType": kind}
                    for name, kind in zip(attributes, ("HASH", "RANGE"), strict=False)
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, attributes in indexes.items()
        ],
    )
    client.create_table(
        TableName=AUDIT,
        KeySchema=keys,
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def plain_items(store: Store, table: str, kind: str | None = None) -> list[dict[str, Any]]:
    """A table's items as plain data."""
    items = [
        {name: plain_value(value) for name, value in item.items()} for item in store.items(table)
    ]
    return [item for item in items if kind in (None, item.get("kind"))]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An AWS of this process, with credentials that open nothing else."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


@pytest.fixture(params=["in memory", "DynamoDB"])
def store(request: pytest.FixtureRequest) -> Store:
    """The fake, then the real adapter: one suite holds both to the same promises."""
    if request.param == "in memory":
        return InMemoryStore()
    request.getfixturevalue("aws")
    return MotoStore()
