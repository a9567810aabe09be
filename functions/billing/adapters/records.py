"""The records table and its audit twin on DynamoDB: one `TransactWriteItems` per step."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from functions.billing.adapters.codec import attribute_value, from_item, plain, to_item
from functions.billing.domain.commit import (
    Aggregate,
    AuditEntry,
    Commit,
    HistoryEntry,
    Record,
    audit_entry,
    outbox,
)
from functions.billing.domain.errors import StaleRecordError
from functions.billing.domain.keys import Key

R = TypeVar("R", bound=Record)

# The two conditions every write bears; "pk" stands for the whole primary key.
MUST_NOT_EXIST = "attribute_not_exists(pk)"
MUST_BE_AT_VERSION = "#version = :version"
# Segregation of duties, as the table itself keeps it: the actor is none of the people in this field.
MUST_NOT_BE_BY = f"{MUST_BE_AT_VERSION} AND NOT contains(#not_by, :actor)"

DUE_INDEX = "by_due"
REF_INDEX = "by_ref"


class DynamoDbRecords:
    """`ports.Records` on one table, with the audit entries in another."""

    def __init__(self, client: Any, *, table: str, audit_table: str) -> None:
        self._client = client
        self._table = table
        self._audit_table = audit_table

    def get(self, kind: type[R], key: Key) -> R | None:
        """See `ports.Records`."""
        answer = self._client.get_item(
            TableName=self._table,
            Key={"pk": {"S": key.partition}, "sk": {"S": key.sort}},
            ConsistentRead=True,
        )
        item = answer.get("Item")
        return from_item(kind, item) if item else None

    def under(self, kind: type[R], partition: str, prefix: str) -> tuple[R, ...]:
        """See `ports.Records`."""
        items = self._query(
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": {"S": partition}, ":prefix": {"S": prefix}},
            ConsistentRead=True,
        )
        return tuple(from_item(kind, item) for item in items)

    def listed(self, kind: type[R], ref: str) -> Iterator[R]:
        """See `ports.Records`."""
        items = self._query(
            IndexName=REF_INDEX,
            KeyConditionExpression="#ref = :ref",
            ExpressionAttributeNames={"#ref": "ref"},
            ExpressionAttributeValues={":ref": {"S": ref}},
        )
        return (from_item(kind, item) for item in items)

    def due(self, kind: type[R], due_kind: str, until: datetime) -> Iterator[R]:
        """See `ports.Records`."""
        items = self._query(
            IndexName=DUE_INDEX,
            KeyConditionExpression="due_kind = :kind AND due_at <= :until",
            ExpressionAttributeValues={
                ":kind": {"S": due_kind},
                ":until": {"S": plain(until.astimezone(UTC))},
            },
        )
        return (from_item(kind, item) for item in items)

    def _query(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        start: Mapping[str, Any] = {}
        while True:
            page = self._client.query(TableName=self._table, **arguments, **start)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def remember(self, record: Record) -> bool:
        """See `ports.Records`."""
        try:
            self._client.put_item(
                TableName=self._table, Item=to_item(record), ConditionExpression=MUST_NOT_EXIST
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def commit(self, commit: Commit) -> None:
        """See `ports.Records`. The order of the items is fixed, so a refusal can be told by its position."""
        try:
            self._client.transact_write_items(TransactItems=self._transaction(commit))
        except ClientError as error:
            raise _translated(error, commit.root.subject) from None

    def _transaction(self, commit: Commit) -> list[dict[str, Any]]:
        told = _told_of(commit)
        audits = [_audit(commit, aggregate) for aggregate in told]
        items = [
            self._put_version(aggregate, audit.hash, commit if aggregate is commit.root else None)
            for aggregate, audit in zip(told, audits, strict=True)
        ]
        items += [
            self._put_version(aggregate, aggregate.audit_head)
            for aggregate in commit.also
            if aggregate not in told
        ]
        items += [self._put_new(to_item(record)) for record in commit.new]
        items += [self._put_new(to_item(_history(commit, aggregate))) for aggregate in told]
        items += [self._put_audit(audit) for audit in audits]
        return items

    def _put_version(
        self, aggregate: Aggregate, audit_head: str, segregated: Commit | None = None
    ) -> dict[str, Any]:
        item = to_item(aggregate)
        item["version"] = {"N": str(aggregate.version + 1)}
        if audit_head:
            item["audit_head"] = {"S": audit_head}
        if aggregate.version == 0:
            return self._put_new(item)
        put: dict[str, Any] = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": MUST_BE_AT_VERSION,
            "ExpressionAttributeNames": {"#version": "version"},
            "ExpressionAttributeValues": {":version": {"N": str(aggregate.version)}},
        }
        if segregated and segregated.not_by:
            put["ConditionExpression"] = MUST_NOT_BE_BY
            put["ExpressionAttributeNames"]["#not_by"] = segregated.not_by
            put["ExpressionAttributeValues"][":actor"] = {"S": segregated.actor.name}
        return {"Put": put}

    def _put_new(self, item: dict[str, Any]) -> dict[str, Any]:
        return {
            "Put": {"TableName": self._table, "Item": item, "ConditionExpression": MUST_NOT_EXIST}
        }

    def _put_audit(self, audit: AuditEntry) -> dict[str, Any]:
        item = {
            "pk": audit.subject,
            "sk": f"AUDIT#{audit.sequence:06d}",
            "previous": audit.previous,
            "hash": audit.hash,
            "body": dict(audit.body),
        }
        values = {name: attribute_value(plain(value)) for name, value in item.items()}
        return {
            "Put": {
                "TableName": self._audit_table,
                "Item": values,
                "ConditionExpression": MUST_NOT_EXIST,
            }
        }


def _audit(commit: Commit, aggregate: Aggregate) -> AuditEntry:
    # The facts come first: none of them can pose as the actor, the cause or the time.
    body = {
        **commit.facts,
        "actor": commit.actor.name,
        "is_person": commit.actor.is_person,
        "step": commit.step,
        "cause_id": commit.cause.cause_id,
        "cause_type": commit.cause.cause_type,
        "correlation_id": commit.cause.correlation_id,
        "decision": commit.decision,
        "at": plain(commit.at.astimezone(UTC)),
    }
    return audit_entry(
        subject=aggregate.subject,
        sequence=aggregate.version + 1,
        previous=aggregate.audit_head,
        body=body,
    )


def _told_of(commit: Commit) -> tuple[Aggregate, ...]:
    """What gets a line of history and audit: the root, and whatever changed in a partition of its own.

    An aggregate that lives beside the root, as an attempt beside its claim, is part of the root's story.
    """
    partition = commit.root.key.partition
    return (commit.root, *(each for each in commit.also if each.key.partition != partition))


def _history(commit: Commit, aggregate: Aggregate) -> HistoryEntry:
    return HistoryEntry(
        subject_key=aggregate.key,
        sequence=aggregate.version + 1,
        at=commit.at,
        step=commit.step,
        actor=commit.actor.name,
        cause_id=commit.cause.cause_id,
        cause_type=commit.cause.cause_type,
        correlation_id=commit.cause.correlation_id,
        decision=commit.decision,
        facts=commit.facts,
        events=outbox(commit) if aggregate is commit.root else (),
    )


def _translated(error: ClientError, subject: str) -> Exception:
    match error.response["Error"]["Code"]:
        case "TransactionCanceledException":
            reasons = error.response.get("CancellationReasons", [])
            codes = {reason.get("Code") for reason in reasons} - {None, "None"}
            detail = f"refused by {', '.join(sorted(str(code) for code in codes))}"
            return StaleRecordError("stale_record", subject=subject, detail=detail)
        case "TransactionInProgressException" | "TransactionConflictException":
            return StaleRecordError("transaction_conflict", subject=subject)
        case _:
            return error
