"""Send an appeal's frozen packet to the payer, under a key that makes a second sending harmless.

Reads   the appeal and its packet.
Writes  the appeal as submitted, with the payer's receipt; work instead, where policy wants a person to send it.
Emits   appeal.submitted.
Fails   ClearinghouseUnavailableError (retry: the key is the appeal's own), StaleRecordError (retry).
"""

import json
from dataclasses import dataclass, replace

from functions.billing.domain.appeals.case import Appeal
from functions.billing.domain.appeals.states import AppealState, require_move
from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.commit import Actor, Aggregate, Cause, Commit, OutboundEvent
from functions.billing.domain.errors import RecordNotFoundError
from functions.billing.domain.rules.automation import Mode, automation_policy
from functions.billing.domain.rules.policy import payer_policies
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.ports import Clearinghouse, Clock, Evidence, Records, RuleSets
from functions.billing.usecases.events import claim_event, opened

STEP = "submit_appeal"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitAppeal:
    """Send this appeal's packet."""

    appeal_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealSendingPorts:
    """What sending needs of the world."""

    records: Records
    evidence: Evidence
    clearinghouse: Clearinghouse
    rule_sets: RuleSets
    clock: Clock


def submit_appeal(
    command: SubmitAppeal, cause: Cause, ports: AppealSendingPorts
) -> dict[str, object]:
    """`submitted`, `refused` or `work_opened` where a person sends it."""
    records = ports.records
    appeal = records.get(Appeal, Appeal.key_of(command.appeal_id))
    claim = records.get(Claim, Claim.key_of(appeal.claim_id)) if appeal else None
    if appeal is None or claim is None:
        raise RecordNotFoundError("appeal_not_found", subject=f"appeal:{command.appeal_id}")
    if appeal.state is not AppealState.READY:
        return {"outcome": "already_sent", "appeal_id": appeal.appeal_id}
    automation = ports.rule_sets.active("automation", automation_policy)
    mode = automation.mode(STEP, claim.payer_id, claim.location_id)
    if mode is not Mode.AUTOMATE:
        return _propose(appeal, mode, cause, ports)
    policy = ports.rule_sets.active("payer_policies", payer_policies).of(appeal.payer_id)
    packet = json.loads(ports.evidence.fetch(appeal.packet_key))
    body = {
        "appeal_id": appeal.appeal_id,
        "payer_id": policy.edi_id if policy else appeal.payer_id,
        "payer_claim_control_number": packet["payer_claim_number"],
        "level": appeal.level,
        "packet_sha256": appeal.packet_sha256,
        "documents": [
            {"name": each["role"], "sha256": each["sha256"]} for each in packet["documents"]
        ],
    }
    answer = ports.clearinghouse.send_appeal(
        body, idempotency_key=f"{appeal.appeal_id}-{appeal.level}"
    )
    if not answer.accepted:
        return _propose(appeal, mode, cause, ports, refusal=answer.code)
    now = ports.clock.now()
    require_move(appeal.appeal_id, appeal.state, AppealState.SUBMITTED)
    submitted = replace(
        appeal, state=AppealState.SUBMITTED, submitted_at=now, receipt=answer.clearinghouse_id
    )
    event = claim_event("appeal.submitted", claim, appeal_id=appeal.appeal_id, level=appeal.level)
    _commit(
        submitted,
        "submitted",
        cause,
        ports,
        events=(event,),
        facts={"level": appeal.level, "mode": mode},
    )
    return {"outcome": "submitted", "appeal_id": appeal.appeal_id}


def _propose(
    appeal: Appeal, mode: Mode, cause: Cause, ports: AppealSendingPorts, *, refusal: str = ""
) -> dict[str, object]:
    """A person sends it: because policy says so, or because the payer's door refused the packet."""
    work = open_work_item(
        queue=Queue.BILLING,
        reason="appeal_refused_at_the_door" if refusal else "appeal_ready_to_send",
        about=appeal.subject,
        recommended_action="read the packet and send it to the payer before the deadline",
        at=ports.clock.now(),
        fields=(refusal,) if refusal else (),
        payer_id=appeal.payer_id,
        amount_cents=appeal.amount_cents,
        occurrence=str(appeal.level),
    )
    if ports.records.get(WorkItem, work.key) is None:
        _commit(
            appeal,
            "proposed",
            cause,
            ports,
            also=(work,),
            events=(opened(work),),
            facts={"mode": mode},
        )
    return {"outcome": "refused" if refusal else "work_opened", "appeal_id": appeal.appeal_id}


def _commit(
    appeal: Appeal,
    decision: str,
    cause: Cause,
    ports: AppealSendingPorts,
    *,
    facts: dict[str, str | int | bool | tuple[str, ...]],
    also: tuple[Aggregate, ...] = (),
    events: tuple[OutboundEvent, ...] = (),
) -> None:
    ports.records.commit(
        Commit(
            step=STEP,
            cause=cause,
            actor=Actor(STEP),
            at=ports.clock.now(),
            root=appeal,
            decision=decision,
            facts=facts,
            also=also,
            events=events,
        )
    )
