"""One appeal's packet on its way to the payer: sent once, or given to a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

from functions.billing.domain.appeals.case import Appeal
from functions.billing.domain.appeals.states import AppealState
from functions.billing.domain.commit import Actor, Commit
from tests.builders import CAUSE, released_claim
from tests.fakes import NOON
from tests.simulation.checks import audit_is_broken, events_are_lost, rows
from tests.simulation.cloud import EVIDENCE, RECORDS, Cloud, invoke
from tests.simulation.environments import Environment
from tests.simulation.explorer import Budget, Stage
from tests.simulation.explorer.workflow import TaskFailedError
from tests.simulation.finding import Finding, Kind
from tests.simulation.scenario import Scenario

APPEAL = "PTESTAPPEAL1"
PACKET = "appeals/PTESTAPPEAL1/1/packet.json"


def ready(environment: Environment) -> Cloud:
    """A practice with an appeal whose packet is frozen."""
    cloud = Cloud(connector=environment.connector, promises=environment.promises)
    claim = released_claim(cloud.records)
    appeal = Appeal(
        appeal_id=APPEAL,
        denial_id="DTESTDENIAL1",
        claim_id=claim.claim_id,
        payer_id=claim.payer_id,
        amount_cents=15_000,
        opened_at=NOON,
        state=AppealState.READY,
        packet_key=PACKET,
        packet_sha256="0" * 64,
    )
    given = Commit(
        step="test", cause=CAUSE, actor=Actor("test"), at=NOON, root=appeal, decision="given"
    )
    cloud.records.commit(given)
    packet = {"payer_claim_number": "ICN1", "documents": []}
    cloud.s3.documents[EVIDENCE, PACKET] = json.dumps(packet).encode()
    return cloud


def delivery() -> None:
    """The message that opened the appeal, come to the step that sends."""
    event = {
        "cause_id": "evt_appeal",
        "cause_type": "appeal.opened",
        "correlation_id": "evt_root",
        "data": {"appeal_id": APPEAL},
    }
    with suppress(TaskFailedError):
        invoke("submit_appeal", event)


def redriven(environment: Environment, *, faults: int) -> Scenario:
    """Delivered, delivered again, and redriven from the dead letters on days 1, 3 and 13."""

    def again(name: str, after: timedelta, *, in_peace: bool = False) -> Stage[Cloud]:
        return Stage(name=name, after=after, processes=[delivery], is_undisturbed=in_peace)

    return Scenario(
        name=f"appeal, {environment.name}, redriven",
        begin=lambda: ready(environment),
        stages=(
            again("delivered", timedelta(0)),
            again("delivered again", timedelta(minutes=3)),
            again("redriven on day 1", timedelta(days=1)),
            again("redriven on day 3", timedelta(days=3)),
            again("redriven on day 13", timedelta(days=13), in_peace=True),
        ),
        budget=Budget(faults=faults),
        judge=wrongs,
    )


def wrongs(cloud: Cloud, _faults: int) -> Iterator[Finding]:
    """All that is wrong once everything has come to its end."""
    appeal = cloud.records.get(Appeal, Appeal.key_of(APPEAL))
    assert appeal
    taken = cloud.clearinghouse.taken.count(APPEAL)
    if taken > 1:
        yield Finding(Kind.DUPLICATE, f"the payer took the appeal {taken} times")
    if appeal.state is AppealState.SUBMITTED and not taken:
        yield Finding(Kind.LOST, "the appeal is called submitted, and nobody has it")
    if appeal.state is AppealState.READY and not list(rows(cloud, RECORDS, "WORK")):
        yield Finding(Kind.STUCK, "the appeal stands still, and nobody has the work")
    told = {"submitted": ("appeal.submitted",), "proposed": ("work_item.opened",)}
    yield from events_are_lost(cloud, appeal.subject, appeal.key.partition, told)
    yield from audit_is_broken(cloud)
