"""As much of DynamoDB as the records adapter uses, in memory: conditions, transactions, the two sparse indexes."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from functions.billing.adapters.codec import plain_value

Item = dict[str, Any]

_INDEX_KEYS = {"by_due": ("due_kind", "due_at"), "by_ref": ("ref", "sk")}
_INDEX_ATTRIBUTES = ("due_kind", "due_at", "ref")
TRANSACTION_ITEMS_MAX = 100


class InMemoryDynamoDb:
    """A stand-in for the boto3 client, faithful for the calls the adapter makes and silent about all others."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[tuple[str, str], Item]] = {"records": {}, "audit": {}}

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool = False) -> Item:  # noqa: N803
        item = self.tables[TableName].get((Key["pk"]["S"], Key["sk"]["S"]))
        return {"Item": dict(item)} if item else {}

    def put_item(self, *, TableName: str, Item: Item, **condition: Any) -> Item:  # noqa: N803
        _refuse_empty_keys(Item, "PutItem")
        if not self._allows(TableName, Item, condition):
            raise _refusal("ConditionalCheckFailedException", "PutItem")
        self._store(TableName, Item)
        return {}

    def update_item(
        self,
        *,
        TableName: str,  # noqa: N803
        Key: Item,  # noqa: N803
        ExpressionAttributeNames: Item,  # noqa: N803
        ExpressionAttributeValues: Item,  # noqa: N803
        UpdateExpression: str,  # noqa: N803
        ReturnValues: str,  # noqa: N803
    ) -> Item:
        if (UpdateExpression, ReturnValues) != ("ADD #value :one", "UPDATED_NEW"):
            raise AssertionError(f"update {UpdateExpression} is not known here")
        name, step = ExpressionAttributeNames["#value"], ExpressionAttributeValues[":one"]["N"]
        before = self.tables[TableName].get((Key["pk"]["S"], Key["sk"]["S"]), Key)
        value = {"N": str(int(before.get(name, {"N": "0"})["N"]) + int(step))}
        self._store(TableName, {**before, name: value})
        return {"Attributes": {name: value}}

    def transact_write_items(self, *, TransactItems: list[Item]) -> Item:  # noqa: N803
        puts = [entry["Put"] for entry in TransactItems]
        keys = [(put["TableName"], put["Item"]["pk"]["S"], put["Item"]["sk"]["S"]) for put in puts]
        if len(set(keys)) != len(keys) or len(keys) > TRANSACTION_ITEMS_MAX:
            raise _refusal("ValidationException", "TransactWriteItems")
        for put in puts:
            _refuse_empty_keys(put["Item"], "TransactWriteItems")
        verdicts = [self._allows(put["TableName"], put["Item"], put) for put in puts]
        if not all(verdicts):
            reasons = [
                {"Code": "None" if verdict else "ConditionalCheckFailed"} for verdict in verdicts
            ]
            raise _refusal(
                "TransactionCanceledException", "TransactWriteItems", CancellationReasons=reasons
            )
        for put in puts:
            self._store(put["TableName"], put["Item"])
        return {}

    def query(self, *, TableName: str, ExpressionAttributeValues: Item, **arguments: Any) -> Item:  # noqa: N803
        values = {name: value["S"] for name, value in ExpressionAttributeValues.items()}
        index = arguments.get("IndexName")
        items = list(self.tables[TableName].values())
        if index is None:
            found = [
                item
                for item in items
                if item["pk"]["S"] == values[":pk"]
                and item["sk"]["S"].startswith(values[":prefix"])
            ]
            found.sort(key=lambda item: item["sk"]["S"])
        else:
            hash_key, sort_key = _INDEX_KEYS[index]
            wanted = values.get(":kind") or values[":ref"]
            found = [
                item
                for item in items
                if item.get(hash_key, {}).get("S") == wanted and sort_key in item
            ]
            if ":until" in values:
                found = [item for item in found if item[sort_key]["S"] <= values[":until"]]
            found.sort(key=lambda item: item[sort_key]["S"])
        return {"Items": [dict(item) for item in found]}

    def plain_items(self, table: str, *, kind: str | None = None) -> list[dict[str, Any]]:
        """A table's items as plain data, in the order they were first stored."""
        items = [
            {name: plain_value(value) for name, value in item.items()}
            for item in self.tables[table].values()
        ]
        return [item for item in items if kind in (None, item.get("kind"))]

    def _store(self, table: str, item: Item) -> None:
        for hash_key, sort_key in _INDEX_KEYS.values():
            if {"S": ""} in (item.get(hash_key), item.get(sort_key)):
                raise _refusal("ValidationException", "PutItem")
        self.tables[table][item["pk"]["S"], item["sk"]["S"]] = dict(item)

    def _allows(self, table: str, item: Item, put: Mapping[str, Any]) -> bool:
        stored = self.tables[table].get((item["pk"]["S"], item["sk"]["S"]))
        match put.get("ConditionExpression"):
            case None:
                return True
            case "attribute_not_exists(pk)":
                return stored is None
            case "#version = :version":
                return (
                    stored is not None
                    and stored["version"] == put["ExpressionAttributeValues"][":version"]
                )
            case "#version = :version AND NOT contains(#not_by, :actor)":
                people = (stored or {}).get(put["ExpressionAttributeNames"]["#not_by"], {"L": []})
                return (
                    stored is not None
                    and stored["version"] == put["ExpressionAttributeValues"][":version"]
                    and put["ExpressionAttributeValues"][":actor"] not in people["L"]
                )
            case other:
                raise AssertionError(f"condition {other} is not known here")


def _refuse_empty_keys(item: Item, operation: str) -> None:
    """A key, of the table or of an index, is never an empty text."""
    for name in ("pk", "sk", *_INDEX_ATTRIBUTES):
        if item.get(name) == {"S": ""}:
            raise _refusal("ValidationException", operation)


def _refusal(code: str, operation: str, **response: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}, **response}, operation)  # type: ignore[typeddict-item]
