"""DynamoDB's calls on a file of SQLite, so that several processes share the tables and none holds them in memory.

It keeps what the records adapter relies on: conditions, transactions all or nothing, the two indexes. And it counts
capacity as AWS documents it: reads by 4 KB, writes by 1 KB, transactional ones twice, each index entry once more.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from math import ceil
from pathlib import Path
from typing import Any

import msgspec
from botocore.exceptions import ClientError

Item = dict[str, Any]
Row = tuple[str | None, ...]
"""An item as it rests: table, keys, index keys, and all of it as JSON."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    name TEXT, pk TEXT, sk TEXT, ref TEXT, due_kind TEXT, due_at TEXT, item TEXT,
    PRIMARY KEY (name, pk, sk)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_ref ON items (ref) WHERE ref IS NOT NULL;
CREATE INDEX IF NOT EXISTS by_due ON items (due_kind, due_at) WHERE due_kind IS NOT NULL;
"""
_PAGE = 250
_READ_BYTES, _WRITE_BYTES = 4096, 1024


class SqliteDynamoDb:
    """As much of the boto3 client as the adapter uses. `used` counts units and calls."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, timeout=60, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + _SCHEMA)
        self._db.execute("PRAGMA cache_size=-4096")
        self.used: Counter[str] = Counter()

    def load(self, rows: Iterable[Row]) -> None:
        """Store rows past every condition, uncounted: what was there before."""
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def events(self) -> int:
        """How many events the steps have said."""
        query = """
            SELECT TOTAL(json_array_length(item, '$.events.L')) FROM items
            WHERE name = 'records' AND sk GLOB 'HISTORY#*'
        """
        (found,) = self._db.execute(query).fetchone()
        return int(found)

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool = False) -> Item:  # noqa: N803
        """As boto3's client, and so are the others."""
        found = self._text(TableName, Key["pk"]["S"], Key["sk"]["S"])
        self._read(size=len(found or ""), is_consistent=ConsistentRead)
        return {"Item": msgspec.json.decode(found)} if found else {}

    def put_item(self, *, TableName: str, Item: Item, **condition: Any) -> Item:  # noqa: N803
        """One write under its condition."""
        self._write([{"TableName": TableName, "Item": Item, **condition}], "PutItem", factor=1)
        return {}

    def transact_write_items(self, *, TransactItems: list[Item]) -> Item:  # noqa: N803
        """All or nothing."""
        puts = [entry["Put"] for entry in TransactItems]
        self._write(puts, "TransactWriteItems", factor=2)
        return {}

    def query(self, *, TableName: str, ExpressionAttributeValues: Item, **arguments: Any) -> Item:  # noqa: N803
        """One page of a partition or of an index."""
        values = {name: value["S"] for name, value in ExpressionAttributeValues.items()}
        after = arguments.get("ExclusiveStartKey", {"sk": {"S": ""}})["sk"]["S"]
        given: tuple[str, ...]
        match arguments.get("IndexName"):
            case None:
                where = "pk = ? AND sk >= ? AND sk < ? AND sk > ?"
                prefix = values[":prefix"]
                given = (values[":pk"], prefix, prefix + "\U0010ffff", after)
            case "by_ref":
                where, given = "ref = ? AND sk > ?", (values[":ref"], after)
            case _:
                where, given = "due_kind = ? AND due_at <= ?", (values[":kind"], values[":until"])
        rows = self._db.execute(
            f"SELECT item FROM items WHERE name = ? AND {where} ORDER BY sk LIMIT {_PAGE}",  # noqa: S608 - no input in it
            (TableName, *given),
        ).fetchall()
        size = sum(len(text) for (text,) in rows)
        self._read(size=size, is_consistent=bool(arguments.get("ConsistentRead")))
        items = [msgspec.json.decode(text) for (text,) in rows]
        is_more = len(rows) == _PAGE and "IndexName" not in arguments
        return {"Items": items, **({"LastEvaluatedKey": items[-1]} if is_more else {})}

    def _text(self, table: str, pk: str, sk: str) -> str | None:
        found = self._db.execute(
            "SELECT item FROM items WHERE name = ? AND pk = ? AND sk = ?", (table, pk, sk)
        ).fetchone()
        return str(found[0]) if found else None

    def _write(self, puts: list[Item], operation: str, *, factor: int) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._check(puts, operation)
            for put in puts:
                row = row_of(put["TableName"], put["Item"])
                self._db.execute("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?, ?)", row)
                units = ceil(len(str(row[-1])) / _WRITE_BYTES)
                indexes = (row[3] is not None) + (row[4] is not None and row[5] is not None)
                self.used["write_units_tenths"] += 10 * units * (factor + indexes)
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self.used[f"dynamodb.{operation}"] += 1

    def _check(self, puts: list[Item], operation: str) -> None:
        verdicts = [self._allows(put) for put in puts]
        if not all(verdicts):
            raise _refusal(verdicts, operation)

    def _allows(self, put: Mapping[str, Any]) -> bool:
        stored = self._text(put["TableName"], put["Item"]["pk"]["S"], put["Item"]["sk"]["S"])
        match put.get("ConditionExpression"):
            case "attribute_not_exists(pk)":
                return stored is None
            case "#version = :version":
                wanted = put["ExpressionAttributeValues"][":version"]
                return stored is not None and msgspec.json.decode(stored)["version"] == wanted
            case None:
                return True
            case other:
                raise AssertionError(f"condition {other} is not known here")

    def _read(self, *, size: int, is_consistent: bool) -> None:
        self.used["read_units_tenths"] += max(1, ceil(size / _READ_BYTES)) * (
            10 if is_consistent else 5
        )
        self.used["dynamodb.reads"] += 1


def row_of(table: str, item: Item) -> Row:
    """An item of a table, as it rests."""
    named = [item.get(name, {}).get("S") for name in ("pk", "sk", "ref", "due_kind", "due_at")]
    return (table, *named, msgspec.json.encode(item).decode())


def _refusal(verdicts: list[bool], operation: str) -> ClientError:
    if operation == "PutItem":
        return ClientError({"Error": {"Code": "ConditionalCheckFailedException"}}, operation)
    reasons = [{"Code": "None" if verdict else "ConditionalCheckFailed"} for verdict in verdicts]
    answer: Any = {
        "Error": {"Code": "TransactionCanceledException"},
        "CancellationReasons": reasons,
    }
    return ClientError(answer, operation)
