"""Control numbers from one atomic counter: unique over all trading partners, gaps allowed."""

from typing import Any

# ISA13 has nine digits; after the last the counter begins again, long after the first is history.
CONTROL_NUMBER_MAX = 999_999_999


class DynamoDbControlNumbers:
    """`ports.ControlNumbers` on the records table."""

    def __init__(self, client: Any, *, table: str) -> None:
        self._client = client
        self._table = table

    def next(self) -> int:
        """See `ports.ControlNumbers`."""
        answer = self._client.update_item(
            TableName=self._table,
            Key={"pk": {"S": "COUNTER#X12"}, "sk": {"S": "ISA13"}},
            UpdateExpression="ADD #value :one",
            ExpressionAttributeNames={"#value": "value"},
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="UPDATED_NEW",
        )
        value = int(answer["Attributes"]["value"]["N"])
        return (value - 1) % CONTROL_NUMBER_MAX + 1
