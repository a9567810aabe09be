"""Dead letters as they rest in a queue: to be looked at, which leaves them there, or taken to be sent in again."""

from typing import Any

_AT_ONCE = 10
_LOOKING_SECONDS = 30


def look_at(client: Any, url: str) -> list[dict[str, Any]]:
    """Every message of a queue that nobody else holds; the next one who looks finds them again at once."""
    found = take(client, url, seconds=_LOOKING_SECONDS)
    for message in found:
        client.change_message_visibility(
            QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
    return found


def take(client: Any, url: str, *, seconds: int) -> list[dict[str, Any]]:
    """Every message of a queue that nobody else holds; for so long nobody else sees them."""
    found: dict[str, dict[str, Any]] = {}
    while True:
        answer = client.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=_AT_ONCE,
            VisibilityTimeout=seconds,
            MessageAttributeNames=["All"],
        )
        messages = {one["MessageId"]: one for one in answer.get("Messages", [])}
        is_done = messages.keys() <= found.keys()
        # What comes a second time has a new receipt.
        found |= messages
        if is_done:
            return list(found.values())


def held_by_others(client: Any, url: str) -> int:
    """About how many messages somebody else is looking at or has taken."""
    name = "ApproximateNumberOfMessagesNotVisible"
    answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return int(answer["Attributes"][name])


def said_by(message: dict[str, Any]) -> dict[str, str]:
    """What a message tells of why it was given up."""
    attributes = message.get("MessageAttributes", {})
    return {name: str(value.get("StringValue", "")) for name, value in attributes.items()}
