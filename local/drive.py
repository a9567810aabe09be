"""Driving a day through the deployed system, from the outside only: files, events, approvals.

Nothing is written into the system's tables but the passing of time: on the local cloud an hour
passes by moving what is due an hour nearer.
"""

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.submission.claim_file import OPEN_FILE, ClaimFile
from functions.billing.usecases.sending import RELEASED
from local.aws import Aws
from local.bus import Bus, Tap
from local.cloud import Cloud
from local.day.records import Day, EhrEvent, Phase
from local.deployment import Deployment
from local.invoking import as_person
from local.network import WebhookTraffic, announce, listed_key
from local.progress import Narrator, Task
from local.quiet import Watch
from local.rule_change import RuleChangeDrill

# Waves of answers after which a payer that still has something to say is not waited for.
_WAVES_MAX = 14
_EVENTS_AT_ONCE = 40
# Rounds after which a line that does not drain is left as it is, and shows as unsent claims.
_ROUNDS_MAX = 6
_PREFIXES = {"999": "acknowledgements/", "277CA": "acknowledgements/", "835": "remittances/"}
_PHASES: Mapping[Phase, str] = {
    Phase.BOOKING: "Visits are booked",
    Phase.OUTAGE: "A payer is out of reach",
    Phase.BEFORE_VISIT: "The days before the visits",
    Phase.VISIT: "Patients check in",
    Phase.SIGN: "Encounters are signed, claims are made and sent",
    Phase.LATER: "Late and corrected facts come in",
    Phase.CLEARINGHOUSE_OUT: "The clearinghouse answers nobody: claims are held",
    Phase.CLEARINGHOUSE_BACK: "It answers again: what was held goes in rounds",
    Phase.FAULTS: "Duplicate, forged and broken events come in",
    Phase.AFTER_PAYMENT: "What happens after the payments",
}
# What passes between two looks of the clock for rechecks. The payer that was out of reach is probed at the first look
# after it is back, and what was held for it is asked about at the next ones.
_SPANS: Mapping[Phase, tuple[timedelta, ...]] = {
    Phase.OUTAGE: (timedelta(hours=1),),
    Phase.BEFORE_VISIT: (timedelta(hours=36), timedelta(hours=1), timedelta(hours=1)),
}
# What nears as time passes, and what recedes.
_MOMENTS = ("due_at", "fresh_until", "asked_at")


@dataclass(slots=True, kw_only=True)
class Delivered:
    """What the outside world handed over during the day."""

    published: list[EhrEvent] = field(default_factory=list)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    deposits: list[dict[str, Any]] = field(default_factory=list)
    appeal_decisions: list[dict[str, Any]] = field(default_factory=list)
    approvals: list[str] = field(default_factory=list)
    restless: list[str] = field(default_factory=list)
    webhooks: WebhookTraffic = field(default_factory=WebhookTraffic)


@dataclass(slots=True, kw_only=True)
class Driver:
    """Runs one day on one cloud."""

    cloud: Cloud
    day: Day
    narrator: Narrator
    bus: Bus
    tap: Tap
    delivered: Delivered = field(default_factory=Delivered)
    drill: RuleChangeDrill | None = None
    _dropped: set[str] = field(default_factory=set)
    _lost: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, cloud: Cloud, day: Day, narrator: Narrator) -> "Driver":
        """A driver with its ear on the bus."""
        bus = Bus(aws=cloud.aws, deployment=cloud.deployment, keys=cloud.keys)
        tap = Tap(aws=cloud.aws, deployment=cloud.deployment)
        tap.open()
        drill = RuleChangeDrill(cloud=cloud, change=day.rule_change) if day.rule_change else None
        return cls(cloud=cloud, day=day, narrator=narrator, bus=bus, tap=tap, drill=drill)

    def drive(self) -> Delivered:
        """The whole day, until nobody has anything to say any more."""
        self._store_documents()
        for phase in Phase:
            self._phase(phase)
            if phase in {Phase.FAULTS, Phase.AFTER_PAYMENT}:
                self._answers()
        self._clock_events("Submissions that stand still", "submissions.due", "Submission")
        self._clock_events("The clearinghouse's list", "listing.due", "ClearinghouseList")
        # Long enough for a payer's silence to be too long.
        let_time_pass(self.cloud, timedelta(days=32), kinds=("CLAIM",))
        self._clock_events("Nightly checks and KPIs", "reconciliation.due", "ReconciliationCheck")
        return self.delivered

    def _store_documents(self) -> None:
        client = self.cloud.aws.client("s3")
        bucket = self.cloud.deployment.intake_bucket
        documents = self.day.documents
        with self.narrator.task("The EHR hands over its documents", len(documents)) as task:

            def put(key: str) -> None:
                client.put_object(
                    Bucket=bucket,
                    Key=key,
                    Body=documents[key],
                    ContentType="application/fhir+json",
                )
                task.advance()

            with ThreadPoolExecutor(max_workers=8) as pool:
                list(pool.map(put, documents))

    def _phase(self, phase: Phase) -> None:
        events = [event for event in self.day.events if event.phase is phase]
        calls = [call for call in self.day.simulator_calls if call.before is phase]
        if not events and not calls:
            return
        with self.narrator.task(_PHASES[phase]) as task:
            for call in calls:
                self.cloud.simulator.control(call.path, call.body)
            if phase is Phase.SIGN and self.drill:
                self._sign_on_trial(events, self.drill, task)
            else:
                self._publish(events, task)
            self._settle(task)
            if phase is Phase.CLEARINGHOUSE_BACK:
                self._drain(task)
            for span in _SPANS.get(phase, ()):
                let_time_pass(self.cloud, span)
                self._send_clock_event("recheck.due", "Eligibility")
                self._settle(task)
            self._approve()
            self._settle(task)

    def _drain(self, task: Task) -> None:
        """The clock ticks until nothing is held; then it wakes what was lost in the outage."""
        for _ in range(_ROUNDS_MAX):
            let_time_pass(self.cloud, timedelta(hours=1), kinds=("CIRCUIT", "CLAIM"))
            self._send_clock_event("outage.due", "Submission")
            self._settle(task)
            if not held_claims(self.cloud):
                break
        self._send_clock_event("submissions.due", "Submission")
        self._settle(task)

    def _sign_on_trial(
        self, events: Sequence[EhrEvent], drill: RuleChangeDrill, task: Task
    ) -> None:
        """Sign every other encounter beside new rules in shadow, the rest with a share of them in canary."""
        task.note("new rules in shadow")
        drill.into_shadow()
        self._publish(events[::2], task)
        self._settle(task)
        task.note("new rules in canary")
        drill.into_canary()
        self._publish(events[1::2], task)
        self._settle(task)
        task.note("rules are watched")
        self._send_clock_event("rollout.due", "RuleRollOut")

    def _publish(self, events: Sequence[EhrEvent], task: Task) -> None:
        """Publish in the pace of a busy practice: not a thousand events in one second."""
        for start in range(0, len(events), _EVENTS_AT_ONCE):
            some = events[start : start + _EVENTS_AT_ONCE]
            if start:
                self._watch().wait_until_calm(task)
            self.bus.publish(some)
            self.delivered.published += some

    def _watch(self) -> Watch:
        return Watch(cloud=self.cloud, tap=self.tap, dropped=self._dropped)

    def _settle(self, task: Task) -> None:
        """Until nothing moves any more; where claims go in files the clock ticks for those in line."""
        self._wait_until_still(task)
        if self.cloud.claims_per_file == 1:
            return
        for _ in range(_ROUNDS_MAX):
            if not claims_in_line(self.cloud):
                break
            self._send_clock_event("submissions.due", "Submission")
            self._wait_until_still(task)
            let_time_pass(self.cloud, timedelta(minutes=5), kinds=("CLAIMFILE",))

    def _wait_until_still(self, task: Task) -> None:
        restless = self._watch().wait_until_still(task)
        if restless:
            self.delivered.restless.append(restless)

    def _answers(self) -> None:
        """Acknowledgements, remittances and appeal decisions, wave by wave, until there are none."""
        with self.narrator.task("Payers acknowledge, pay, deny and decide appeals") as task:
            for wave in range(_WAVES_MAX):
                came = self._wave(["acknowledgements"], task)
                came |= self._wave(["remittances", "appeals"], task)
                task.note(f"wave {wave + 1}")
                if not came:
                    return

    def _wave(self, kinds: list[str], task: Task) -> bool:
        """One delivery by the payers; whether anything came or is still to come."""
        answer = self.cloud.simulator.deliver(kinds)
        files, deposits = answer["files"], answer["deposits"]
        decisions = answer["appeal_decisions"]
        listed = [file for file in files if file["delivery"] == "list"]
        for file in files:
            if file not in listed:
                self._drop(file)
        if listed:
            self._announce_or_lose(listed)
        if files:
            self._settle(task)
        if self._lost:
            self._find_lost(task)
        self._publish([self._deposit_event(one) for one in deposits], task)
        self._publish([self._appeal_event(one) for one in decisions], task)
        self.delivered.deposits += deposits
        self.delivered.appeal_decisions += decisions
        if deposits or decisions:
            self._settle(task)
        pending = sum(answer["pending"].get(kind, 0) for kind in kinds)
        return bool(files or deposits or decisions or pending)

    def _drop(self, file: Mapping[str, Any]) -> None:
        key = f"{_PREFIXES[file['kind']]}{file['name']}"
        for _ in range(self.day.file_copies):
            self.cloud.aws.client("s3").put_object(
                Bucket=self.cloud.deployment.intake_bucket,
                Key=key,
                Body=base64.b64decode(file["content_base64"]),
                ContentType="application/edi-x12",
            )
        self._dropped.add(key)
        self.delivered.files[key] = {
            name: value for name, value in file.items() if name != "content_base64"
        }

    def _announce_or_lose(self, files: Sequence[Mapping[str, Any]]) -> None:
        """Webhooks of one wave arrive and those of the next are lost, in turn."""
        traffic = self.delivered.webhooks
        is_lost = bool(traffic.announced) and not traffic.lost
        for file in files:
            file_id = file["file_id"]
            self.delivered.files[listed_key(file_id)] = {
                name: value for name, value in file.items() if name != "content_base64"
            }
            if is_lost:
                traffic.lost.append(file_id)
                self._lost.append(file_id)
            else:
                announce(self.cloud, file_id, traffic)
                self._dropped.add(listed_key(file_id))

    def _find_lost(self, task: Task) -> None:
        """What the schedule does four times an hour: look at the list, whatever was announced."""
        self._send_clock_event("listing.due", "ClearinghouseList")
        self._dropped |= {listed_key(file_id) for file_id in self._lost}
        self._lost.clear()
        self._settle(task)

    def _deposit_event(self, deposit: Mapping[str, Any]) -> EhrEvent:
        return self._event(
            "payment.deposited",
            f"deposit-{deposit['deposit_id']}",
            {
                "deposit_id": deposit["deposit_id"],
                "trace_number": deposit["trace"],
                "payer_identifier": deposit["originator"],
                "amount_cents": deposit["amount_cents"],
                "deposited_on": deposit["date"],
            },
        )

    def _appeal_event(self, decision: Mapping[str, Any]) -> EhrEvent:
        return self._event(
            "appeal.answered",
            f"appeal-{decision['appeal_id']}-{decision['level']}",
            {
                "appeal_id": decision["appeal_id"],
                "level": decision["level"],
                "decision": decision["decision"],
                "decided_on": decision["decided_on"],
            },
        )

    def _event(self, type_: str, event_id: str, data: Mapping[str, Any]) -> EhrEvent:
        return EhrEvent(
            phase=Phase.AFTER_PAYMENT,
            type=type_,
            version=1,
            id=event_id,
            occurred_at=datetime.now(UTC),
            data=data,
            source=source_of(self.day),
        )

    def _approve(self) -> None:
        """Second persons decide on the claims that wait for them."""
        waiting = self._claims_awaiting_approval()
        for approval in self.day.approvals:
            for claim_id in waiting.get(approval.encounter_id, ()):
                decide(
                    self.cloud.aws,
                    self.cloud.deployment,
                    claim_id=claim_id,
                    decision="approve",
                    actor=approval.approved_by,
                    reason=approval.reason,
                )
                self.delivered.approvals.append(claim_id)

    def _claims_awaiting_approval(self) -> dict[str, list[str]]:
        if not self.day.approvals:
            return {}
        pages = (
            self.cloud.aws.client("dynamodb")
            .get_paginator("scan")
            .paginate(
                TableName=self.cloud.deployment.records_table,
                FilterExpression="kind = :kind AND #state = :state",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={
                    ":kind": {"S": "CLAIM"},
                    ":state": {"S": "awaiting_approval"},
                },
            )
        )
        found: dict[str, list[str]] = {}
        for page in pages:
            for item in page["Items"]:
                encounter = item["encounter_id"]["S"]
                found.setdefault(encounter, []).append(item["claim_id"]["S"])
        return found

    def _clock_events(self, title: str, type_: str, workflow: str) -> None:
        with self.narrator.task(title) as task:
            self._send_clock_event(type_, workflow)
            self._settle(task)

    def _send_clock_event(self, type_: str, workflow: str) -> None:
        send_clock_event(self.cloud, type_, workflow)


def source_of(day: Day) -> str:
    """Who speaks for the practice, and for its bank and its payers."""
    sources = [event.source for event in day.events]
    return sources[0] if sources else "ehr.demo"


def send_clock_event(cloud: Cloud, type_: str, workflow: str) -> None:
    """What the schedule sends on AWS; on the local cloud schedules stand still."""
    body = {
        "source": "billing.schedule",
        "detail-type": type_,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "detail": {},
    }
    cloud.aws.client("sqs").send_message(
        QueueUrl=cloud.deployment.inboxes[workflow], MessageBody=json.dumps(body)
    )


def decide(
    aws: Aws, deployment: Deployment, *, claim_id: str, decision: str, actor: str, reason: str
) -> dict[str, Any]:
    """Release a claim, or send it back, as a second person: the function the people's tools call.

    Raises
    ------
    LocalCloudError
        If the function refuses.
    """
    return as_person(
        aws,
        deployment,
        function="DecideApproval",
        about=claim_id,
        data={"claim_id": claim_id, "decision": decision, "actor": actor, "reason": reason},
        advice="Look at its state with: billing claim show",
    )


def held_claims(cloud: Cloud) -> int:
    """How many claims wait for a dependency that is out of reach."""
    return _counted(cloud, "kind = :kind AND begins_with(due_kind, :due)", "CLAIM", "HELD#")


def claims_in_line(cloud: Cloud) -> int:
    """How many claims wait for company, and how many files of claims for an answer."""
    files = _counted(cloud, "kind = :kind AND due_kind = :due", ClaimFile.kind, OPEN_FILE)
    return files + _counted(cloud, "kind = :kind AND due_kind = :due", Claim.kind, RELEASED)


def _counted(cloud: Cloud, which: str, kind: str, due: str) -> int:
    pages = (
        cloud.aws.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=cloud.deployment.records_table,
            FilterExpression=which,
            ExpressionAttributeValues={":kind": {"S": kind}, ":due": {"S": due}},
            Select="COUNT",
        )
    )
    return sum(page["Count"] for page in pages)


def let_time_pass(cloud: Cloud, span: timedelta, *, kinds: Collection[str] = ()) -> int:
    """Move what is due so much nearer, and what was asked so much further back; how many records that were.

    All of it, or what is of these kinds.
    """
    client = cloud.aws.client("dynamodb")
    table = cloud.deployment.records_table
    pages = client.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression=" OR ".join(f"attribute_exists({name})" for name in _MOMENTS),
        ProjectionExpression=", ".join(("pk", "sk", "#kind", "due_kind", *_MOMENTS)),
        ExpressionAttributeNames={"#kind": "kind"},
    )
    moved = 0
    for page in pages:
        for item in page["Items"]:
            kind = item["kind"]["S"]
            if (kinds and kind not in kinds) or ("due_kind" not in item and kind != "COVERAGE"):
                continue
            moments = {name: item[name]["S"] for name in _MOMENTS if "S" in item.get(name, {})}
            if not moments:
                continue
            client.update_item(
                TableName=table,
                Key={"pk": item["pk"], "sk": item["sk"]},
                UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in moments),
                ExpressionAttributeValues={
                    f":{name}": {"S": _earlier(moment, span)} for name, moment in moments.items()
                },
            )
            moved += 1
    return moved


def _earlier(moment: str, span: timedelta) -> str:
    return (datetime.fromisoformat(moment) - span).isoformat().replace("+00:00", "Z")


def today() -> date:
    """The day the run is set on: the machine's own, since the deployed functions read its clock."""
    return datetime.now(UTC).date()
