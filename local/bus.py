"""Publishing as the EHR does, and listening to all that passes over the bus."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.billing.adapters.codec import from_item
from functions.billing.adapters.signing import Ed25519Signer, new_signing_secret
from functions.billing.domain.commit import HistoryEntry
from functions.billing.domain.events.envelope import envelope
from local.aws import Aws
from local.day.records import EhrEvent, Signing
from local.deployment import Deployment
from local.errors import LocalCloudError
from local.keys import Keys, signed

# PutEvents takes ten entries a call.
_BATCH = 10
_TAP = "billing-local-tap"
_AN_HOUR = timedelta(hours=1)
_EVERY_SOURCE = {"source": [{"prefix": ""}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bus:
    """The business bus, with the keys of everyone who may publish on it.

    Envelopes are remembered by event id, so that one can be put on the bus a second time as it was.
    """

    aws: Aws
    deployment: Deployment
    keys: Keys
    _sealed: dict[str, dict[str, Any]] = field(default_factory=dict)

    def publish(self, events: Sequence[EhrEvent]) -> int:
        """Put events on the bus in their order, each as often as it asks for; how many in all.

        Raises
        ------
        LocalCloudError
            If the bus takes one of them not.
        """
        entries = [entry for event in events for entry in [self._entry(event)] * event.repeat]
        client = self.aws.client("events")
        for start in range(0, len(entries), _BATCH):
            answer = client.put_events(Entries=entries[start : start + _BATCH])
            refused = [one for one in answer["Entries"] if "ErrorCode" in one]
            if refused:
                raise LocalCloudError(
                    f"The bus refused {len(refused)} events: {refused[0]['ErrorCode']}.",
                    advice="The emulator's log says more.",
                )
        return len(entries)

    def envelope_of(self, event: EhrEvent) -> dict[str, Any]:
        """The event's envelope, signed the way the event asks for."""
        if event.same_envelope_as:
            return self._sealed[event.same_envelope_as]
        sealed = self._seal(event)
        self._sealed[event.id] = sealed
        return sealed

    def _seal(self, event: EhrEvent) -> dict[str, Any]:
        signer = self.keys.signer(event.source)
        signed_at = datetime.now(UTC)
        match event.signing:
            case Signing.VALID:
                return signed(self._unsigned(event, signer.key_id, signed_at), signer)
            case Signing.ABSENT:
                return self._unsigned(event, signer.key_id, signed_at)
            case Signing.FORGED:
                impostor = Ed25519Signer(new_signing_secret(signer.key_id))
                return signed(self._unsigned(event, signer.key_id, signed_at), impostor)
            case Signing.UNKNOWN_KEY:
                stranger = Ed25519Signer(new_signing_secret("nobody-1"))
                return signed(self._unsigned(event, stranger.key_id, signed_at), stranger)
            case Signing.ALTERED:
                sealed = signed(self._unsigned(event, signer.key_id, signed_at), signer)
                return {**sealed, "data": _altered(event.data)}
            case Signing.STALE:
                return signed(self._unsigned(event, signer.key_id, signed_at - _AN_HOUR), signer)

    def _unsigned(self, event: EhrEvent, key_id: str, signed_at: datetime) -> dict[str, Any]:
        return envelope(
            event_id=event.id,
            type_=event.type,
            version=event.version,
            occurred_at=event.occurred_at,
            signed_at=signed_at,
            producer=event.source,
            key_id=key_id,
            data=event.data,
        )

    def _entry(self, event: EhrEvent) -> dict[str, Any]:
        return {
            "EventBusName": self.deployment.bus_name,
            "Source": event.source,
            "DetailType": event.type,
            "Detail": json.dumps(self.envelope_of(event), separators=(",", ":")),
        }


def _altered(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same data with one identifier pointing elsewhere, as a thief would have it."""
    name = next(iter(data))
    return {**data, name: f"{data[name]}-x"}


@dataclass(slots=True)
class Heard:
    """One thing that passed: an event of the bus, or a file's arrival in the intake bucket."""

    source: str
    type: str
    detail: Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Tap:
    """A queue of our own that gets a copy of everything, so that nothing needs to be assumed.

    Beside it, a place in the stream of the records table: what steps have said that nobody heard yet.
    """

    aws: Aws
    deployment: Deployment
    heard: list[Heard] = field(default_factory=list)
    opened_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _url: str = ""
    _place: str = ""
    _said: set[str] = field(default_factory=set)

    def open(self) -> None:
        """Let both buses copy to the queue, and follow the stream, from now on."""
        queues = self.aws.client("sqs")
        self._url = queues.create_queue(QueueName=_TAP)["QueueUrl"]
        attributes = queues.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        arn = attributes["Attributes"]["QueueArn"]
        queues.set_queue_attributes(
            QueueUrl=self._url, Attributes={"Policy": json.dumps(_let_the_bus_send(arn))}
        )
        files = {
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {"bucket": {"name": [self.deployment.intake_bucket]}},
        }
        self._copy(self.deployment.bus_name, _EVERY_SOURCE, arn)
        self._copy("default", files, arn)
        self._place = self._end_of_stream()
        self.opened_at = datetime.now(UTC)

    def _copy(self, bus: str, pattern: Mapping[str, Any], arn: str) -> None:
        events = self.aws.client("events")
        events.put_rule(Name=_TAP, EventBusName=bus, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=_TAP, EventBusName=bus, Targets=[{"Id": "tap", "Arn": arn}])

    def _end_of_stream(self) -> str:
        table = self.aws.client("dynamodb").describe_table(TableName=self.deployment.records_table)
        arn = table["Table"]["LatestStreamArn"]
        streams = self.aws.client("dynamodbstreams")
        # The emulator's streams have one shard, which never closes.
        (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        iterator: str = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="LATEST"
        )["ShardIterator"]
        return iterator

    def unpublished(self) -> int:
        """How many events steps have said since the tap was opened that have not passed over the bus."""
        self._said.update(self._newly_said())
        return len(self._said - set(self.published_ids))

    def _newly_said(self) -> Iterator[str]:
        streams = self.aws.client("dynamodbstreams")
        while True:
            answer = streams.get_records(ShardIterator=self._place)
            self._place = answer["NextShardIterator"]
            if not answer["Records"]:
                return
            for record in answer["Records"]:
                image = record["dynamodb"].get("NewImage", {})
                if image.get("kind") == {"S": HistoryEntry.kind}:
                    yield from (one.event_id for one in from_item(HistoryEntry, image).events)

    def listen(self) -> None:
        """Take in what has passed since the last time."""
        self.heard += self._drained()

    def _drained(self) -> Iterator[Heard]:
        queues = self.aws.client("sqs")
        while True:
            answer = queues.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
            messages = answer.get("Messages", [])
            if not messages:
                return
            for message in messages:
                body = json.loads(message["Body"])
                yield Heard(body["source"], body["detail-type"], body["detail"])
            queues.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(position), "ReceiptHandle": message["ReceiptHandle"]}
                    for position, message in enumerate(messages)
                ],
            )

    @property
    def published_ids(self) -> list[str]:
        """Ids of the product's own events, one for each time they were published."""
        return [str(one.detail["id"]) for one in self.heard if one.source == "billing"]

    @property
    def files(self) -> set[str]:
        """Keys of files whose arrival was announced."""
        return {str(one.detail["object"]["key"]) for one in self.heard if one.source == "aws.s3"}


def _let_the_bus_send(arn: str) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
