"""The same practice with its tables and buckets in moto: what the models in memory promise, asked of another's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

import boto3
from moto import mock_aws

from tests.contract.conftest import create_tables
from tests.in_memory_dynamodb import Item
from tests.simulation.cloud import AUDIT, EVIDENCE, INTAKE, RECORDS, Cloud


@contextmanager
def on_moto(cloud: Cloud) -> Iterator[Cloud]:
    """Move a practice that has just begun into moto; at the end, what its tables hold is taken back."""
    model, moved = cloud.dynamodb, cast("Any", cloud)
    with mock_aws():
        moved.dynamodb = MotoDynamoDb(model.tables)
        moved.s3 = MotoS3(cloud.s3.documents)
        yield cloud
        model.tables = moved.dynamodb.tables
        moved.dynamodb = model


@cache
def _client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1")


class _MotoClient:
    """A boto3 client whose answers hold nothing but what was asked for."""

    def __init__(self, service: str) -> None:
        self._client = _client(service)

    def __getattr__(self, operation: str) -> Any:
        def call(**given: Any) -> Any:
            answer = getattr(self._client, operation)(**given)
            return answer and {
                name: value for name, value in answer.items() if name != "ResponseMetadata"
            }

        return call


class MotoDynamoDb(_MotoClient):
    """Both tables, as they were; `tables` is how a check looks at them."""

    def __init__(self, tables: Mapping[str, Mapping[tuple[str, str], Item]]) -> None:
        super().__init__("dynamodb")
        self._seen: dict[str, dict[tuple[str, str], Item]] = {}
        create_tables(self._client)
        for table, items in tables.items():
            for item in items.values():
                self._client.put_item(TableName=table, Item=item)

    @property
    def tables(self) -> dict[str, dict[tuple[str, str], Item]]:
        """Every item by its key; looked up once between two writes, since moto takes long over it."""
        if not self._seen:
            self._seen = {table: self._items(table) for table in (RECORDS, AUDIT)}
        return self._seen

    def _items(self, table: str) -> dict[tuple[str, str], Item]:
        pages = self._client.get_paginator("scan").paginate(TableName=table)
        items = (item for page in pages for item in page["Items"])
        return {(item["pk"]["S"], item["sk"]["S"]): item for item in items}

    def __getattr__(self, operation: str) -> Any:
        if not operation.startswith(("get_", "query")):
            self._seen = {}
        return super().__getattr__(operation)


class MotoS3(_MotoClient):
    """The buckets; bodies are bytes on this side of the border, as the model has them."""

    def __init__(self, documents: Mapping[tuple[str, str], bytes]) -> None:
        super().__init__("s3")
        for bucket in (EVIDENCE, INTAKE):
            self._client.create_bucket(Bucket=bucket)
        for (bucket, key), body in documents.items():
            self._client.put_object(Bucket=bucket, Key=key, Body=body)

    def upload_fileobj(self, *, Bucket: str, Key: str, Fileobj: bytes, **_how: object) -> None:  # noqa: N803
        """Without the threads boto3 would use."""
        self._client.put_object(Bucket=Bucket, Key=Key, Body=Fileobj)

    def get_object(self, **asked: Any) -> Item:
        """The body, read."""
        return {"Body": self._client.get_object(**asked)["Body"].read()}
