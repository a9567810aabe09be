"""Every function's handler over one practice in memory, with all that a run lets out collected in one place."""

import importlib
import io
import json
import os
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from functions.billing.adapters.roll_outs import AppConfigDeployments
from functions.billing.adapters.signing import Ed25519Signer, Ed25519Verifier, new_signing_secret
from functions.billing.domain.events.envelope import envelope, signed_bytes
from tests.fakes import FixedWebhookSecrets, RecordedBus, RecordedWorkflows, ScriptedList
from tests.in_memory_appconfig import PROFILE, STRATEGIES, InMemoryAppConfig
from tests.unit.usecases.ehr_documents import mapping
from tests.unit.usecases.world import World

# What the handlers' logger and metrics read when they are first imported.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "billing")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "billing")

FUNCTIONS = Path(__file__).parents[2] / "functions"
STEPS = sorted(
    folder.name
    for folder in FUNCTIONS.iterdir()
    if (folder / "handler.py").is_file()
    and folder.name not in {"start_workflow", "publish_outbox", "receive_webhook"}
)
WEBHOOK_SECRET = "whsec_b3VyLXNlY3JldC1vdXItc2VjcmV0"
CONTEXT = SimpleNamespace(aws_request_id="request-1")


def handler_of(step: str) -> Callable[[dict[str, Any], Any], Any]:
    """A function's entry point."""
    found: Callable[[dict[str, Any], Any], Any] = importlib.import_module(
        f"functions.{step}.handler"
    ).lambda_handler
    return found


class Stage(World):
    """A practice, its EHR's key, and everything that left the functions."""

    def __init__(self) -> None:
        super().__init__()
        self.rule_sets.contents["mapping"] = mapping()
        self.workflows = RecordedWorkflows()
        self.transactions = ScriptedList()
        self.roll_outs = AppConfigDeployments(InMemoryAppConfig(), PROFILE, STRATEGIES)
        self.webhook_secrets = FixedWebhookSecrets(WEBHOOK_SECRET)
        self.publisher = RecordedBus()
        self.signer = Ed25519Signer(new_signing_secret("billing-1"))
        self.ehr = Ed25519Signer(new_signing_secret("ehr-1"))
        keys = {
            "ehr-1": {"producer": "ehr.test", "public_key": self.ehr.public_key()},
            "billing-1": {"producer": "billing", "public_key": self.signer.public_key()},
        }
        self.verifier = Ed25519Verifier(lambda: json.dumps(keys))
        self.log = io.StringIO()
        self.answers: list[Any] = []
        self.errors: list[dict[str, Any]] = []

    def run(
        self, step: str, data: Mapping[str, Any], cause_type: str = "test", cause_id: str = "evt_1"
    ) -> dict[str, Any]:
        """Call a step as its state machine does; JSON in, JSON out."""
        event = {
            "cause_id": cause_id,
            "cause_type": cause_type,
            "correlation_id": "evt_root",
            "data": json.loads(json.dumps(dict(data))),
        }
        answer = self._call(step, event)
        return dict(answer) if isinstance(answer, Mapping) else {}

    def fail(self, step: str, data: Mapping[str, Any], cause_type: str = "test") -> dict[str, Any]:
        """Call a step that must not succeed; what Lambda would report of the error."""
        before = len(self.errors)
        self.run(step, data, cause_type)
        assert len(self.errors) == before + 1
        return self.errors[-1]

    def _call(self, step: str, event: dict[str, Any]) -> Any:
        try:
            answer = handler_of(step)(event, CONTEXT)
        except Exception as error:  # noqa: BLE001 as Lambda does
            frames = traceback.extract_tb(error.__traceback__)
            self.errors.append(
                {
                    "errorType": type(error).__name__,
                    "errorMessage": str(error),
                    "stackTrace": traceback.format_list(frames),
                    "printed": "".join(traceback.format_exception(error)),
                }
            )
            return None
        self.answers.append(json.loads(json.dumps(answer)))
        return answer

    def receive(self, *bodies: str, **attributes: Any) -> dict[str, Any]:  # type: ignore[override]
        """Deliver messages to the claim workflow's inbox."""
        records = [
            {"messageId": f"m{number}", "body": body, "messageAttributes": attributes}
            for number, body in enumerate(bodies, start=1)
        ]
        return dict(self._call("start_workflow", {"Records": records}))

    def message(self, type_: str, data: Mapping[str, Any], event_id: str = "evt-1") -> str:
        """What the EHR says, as the queue holds it."""
        made = envelope(
            event_id=event_id,
            type_=type_,
            version=1,
            occurred_at=self.clock.now(),
            signed_at=self.clock.now(),
            producer="ehr.test",
            key_id="ehr-1",
            data=data,
        )
        detail = {**made, "signature": self.ehr.sign(signed_bytes(made))}
        time = self.clock.now().isoformat()
        return json.dumps(
            {"source": "ehr.test", "detail-type": type_, "time": time, "detail": detail}
        )

    def publish(self) -> dict[str, Any]:
        """Let the outbox function see the whole table as its stream would show it."""
        items = self.records.tables.tables["records"].values()
        records = [
            {
                "eventName": "INSERT",
                "dynamodb": {
                    "Keys": {"pk": item["pk"], "sk": item["sk"]},
                    "NewImage": item,
                    "SequenceNumber": str(number),
                },
            }
            for number, item in enumerate(items, start=1)
        ]
        return dict(self._call("publish_outbox", {"Records": records}))

    def lines(self, message: str) -> list[dict[str, Any]]:
        """Log lines with this message."""
        found = [json.loads(line) for line in self.log.getvalue().splitlines()]
        return [line for line in found if line["message"] == message]


@contextmanager
def on_stage(stage: Any, log: io.StringIO) -> Iterator[None]:
    """Give every handler these dependencies, and collect what the logger writes."""
    from functions.billing.runtime.observability import logger  # noqa: PLC0415 after the settings

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("functions.billing.runtime.step.dependencies", lambda: stage)
        for name in ("start_workflow", "publish_outbox", "receive_webhook"):
            importlib.import_module(f"functions.{name}.handler")
            patch.setattr(f"functions.{name}.handler.dependencies", lambda: stage)
        patch.setenv("WORKFLOW", "claim")
        streams = [handler for handler in logger.handlers if hasattr(handler, "setStream")]
        kept = [handler.setStream(log) for handler in streams]
        try:
            yield
        finally:
            for handler, stream in zip(streams, kept, strict=True):
                handler.setStream(stream)
