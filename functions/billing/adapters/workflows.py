"""Step Functions, EventBridge: the two services a step hands over to."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError


class StepFunctionsWorkflows:
    """`ports.Workflows` on one state machine."""

    def __init__(self, client: Any, *, state_machine_arn: str) -> None:
        self._client = client
        self._state_machine_arn = state_machine_arn

    def start(self, name: str, payload: Mapping[str, Any]) -> bool:
        """See `ports.Workflows`. Express machines ignore the name; their steps absorb a second run themselves."""
        try:
            self._client.start_execution(
                stateMachineArn=self._state_machine_arn,
                name=name,
                input=json.dumps(payload, separators=(",", ":")),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionAlreadyExists":
                return False
            raise
        return True


class EventBridgePublisher:
    """`ports.Publisher` on the business bus."""

    # PutEvents takes ten entries a call.
    BATCH = 10

    def __init__(self, client: Any, *, bus_name: str, source: str = "billing") -> None:
        self._client = client
        self._bus_name = bus_name
        self._source = source

    def publish(self, envelopes: tuple[Mapping[str, Any], ...]) -> tuple[bool, ...]:
        """See `ports.Publisher`. A call may take some entries and refuse others: each has its own verdict."""
        verdicts: list[bool] = []
        for start in range(0, len(envelopes), self.BATCH):
            batch = envelopes[start : start + self.BATCH]
            answer = self._client.put_events(Entries=[self._entry(envelope) for envelope in batch])
            verdicts += ["ErrorCode" not in entry for entry in answer["Entries"]]
        return tuple(verdicts)

    def _entry(self, envelope: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "EventBusName": self._bus_name,
            "Source": self._source,
            "DetailType": envelope["type"],
            "Detail": json.dumps(envelope, separators=(",", ":")),
        }
