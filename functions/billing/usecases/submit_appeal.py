"""Send an appeal's frozen packet to the payer, under a key that makes a second sending harmless while it lives.

Reads   the appeal and its packet.
Writes  when it was first about to leave; the appeal as submitted, with the payer's receipt; work instead, where policy
        wants a person to send it, or where nobody knows whether it left and its key has run out.
Emits   appeal.submitted.
Fails   ClearinghouseUnavailableError (retry: the key is the appeal's own), StaleRecordError (retry).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from functions.billing.domain.appeals.case import Appeal
from functions.billing.domain.appeals.states import AppealState, require_move
from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.commit import Actor, Aggregate, Cause, Commit, OutboundEvent
from functions.billing.domain.errors import RecordNotFoundError
from functions.billing.domain.rules.automation import Mode, automation_policy
from functions.billing.domain.rules.policy import payer_policies
from functions.billing.domain.submission.protocol import window_is_open
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.ports import Clearinghouse, Clock, Evidence, Records, RuleSets
from functions.billing.usecases.events import claim_event, opened

STEP = "submit_appeal"
_REFUSED, _UNKNOWN = "appeal_refused_at_the_door", "appeal_outcome_unknown"
_SEND = "read the packet and send it to the payer before the deadline"
_ACTIONS = {
    "appeal_ready_to_send": _SEND,
    _REFUSED: _SEND,
    _UNKNOWN: "ask the payer whether the packet arrived; send it only if not, before the deadline",
}


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
    """`submitted`, `refused`, or `work_opened` where a person sends it or finds out whether it was sent."""
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
    now, connector = ports.clock.now(), ports.clearinghouse.connector
    if appeal.sending_since and not window_is_open(appeal.sending_since, connector, now):
        return _propose(appeal, mode, cause, ports, why=_UNKNOWN)
    appeal = _intended(appeal, cause, ports)
    answer = ports.clearinghouse.send_appeal(
        _body(appeal, ports), idempotency_key=f"{appeal.appeal_id}-{appeal.level}"
    )
    if not answer.accepted:
        return _propose(appeal, mode, cause, ports, why=_REFUSED, refusal=answer.code)
    return _submitted(appeal, claim, mode, answer.clearinghouse_id, cause, ports)


def _intended(appeal: Appeal, cause: Cause, ports: AppealSendingPorts) -> Appeal:
    """Written down before anything leaves, once: whoever comes back knows since when the key is in use."""
    if appeal.sending_since:
        return appeal
    intent = replace(appeal, sending_since=ports.clock.now())
    _commit(intent, "intent", cause, ports, facts={"level": appeal.level})
    stored = ports.records.get(Appeal, appeal.key)
    if stored is None:
        raise RecordNotFoundError("appeal_not_found", subject=appeal.subject)
    return stored


def _body(appeal: Appeal, ports: AppealSendingPorts) -> Mapping[str, object]:
    policy = ports.rule_sets.active("payer_policies", payer_policies).of(appeal.payer_id)
    packet = json.loads(ports.evidence.fetch(appeal.packet_key))
    return {
        "appeal_id": appeal.appeal_id,
        "payer_id": policy.edi_id if policy else appeal.payer_id,
        "payer_claim_control_number": packet["payer_claim_number"],
        "level": appeal.level,
        "packet_sha256": appeal.packet_sha256,
        "documents": [
            {"name": each["role"], "sha256": each["sha256"]} for each in packet["documents"]
        ],
    }


def _submitted(
    appeal: Appeal, claim: Claim, mode: Mode, receipt: str, cause: Cause, ports: AppealSendingPorts
) -> dict[str, object]:
    require_move(appeal.appeal_id, appeal.state, AppealState.SUBMITTED)
    submitted = replace(
        appeal, state=AppealState.SUBMITTED, submitted_at=ports.clock.now(), receipt=receipt
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
    appeal: Appeal,
    mode: Mode,
    cause: Cause,
    ports: AppealSendingPorts,
    *,
    why: str = "appeal_ready_to_send",
    refusal: str = "",
) -> dict[str, object]:
    """A person takes over: policy says so, the payer's door refused the packet, or nobody knows whether it arrived."""
    work = open_work_item(
        queue=Queue.BILLING,
        reason=why,
        about=appeal.subject,
        recommended_action=_ACTIONS[why],
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
