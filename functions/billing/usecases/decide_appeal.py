"""Take down the payer's decision on an appeal: it is won, goes to the next level, or ends.

Reads   the appeal, its denial, the payer's levels.
Writes  the decision; the denial as resolved when it ends; work when it is lost for good.
Emits   appeal.decided, work_item.opened, work_item.resolved.
Fails   StaleRecordError (retry). An answer to a level that is not with the payer is a ContractError.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from functions.billing.domain.appeals.case import Appeal
from functions.billing.domain.appeals.decisions import Consequence, Decision, next_step
from functions.billing.domain.appeals.states import AppealState, require_move
from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.commit import Actor, Aggregate, Cause, Commit, OutboundEvent
from functions.billing.domain.denials.case import DenialCase, DenialState
from functions.billing.domain.errors import ContractError, RecordNotFoundError
from functions.billing.domain.rules.policy import payer_policies
from functions.billing.domain.work_items import Queue, open_work_item
from functions.billing.ports import Clock, Records, RuleSets
from functions.billing.usecases.events import claim_event, opened, resolved
from functions.billing.usecases.work import open_items_about

STEP = "decide_appeal"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideAppeal:
    """What the payer decided at one level."""

    appeal_id: str
    level: int
    decision: Decision
    decided_on: date


def decide_appeal(
    command: DecideAppeal, cause: Cause, *, records: Records, rule_sets: RuleSets, clock: Clock
) -> dict[str, object]:
    """`overturned`, `upheld_next_level` or `upheld_final`."""
    appeal = records.get(Appeal, Appeal.key_of(command.appeal_id))
    case = records.get(DenialCase, DenialCase.key_of(appeal.denial_id)) if appeal else None
    claim = records.get(Claim, Claim.key_of(appeal.claim_id)) if appeal else None
    if appeal is None or case is None or claim is None:
        raise RecordNotFoundError("appeal_not_found", subject=f"appeal:{command.appeal_id}")
    if len(appeal.decisions) >= command.level:
        word = appeal.decisions[command.level - 1]
        return {"outcome": word, "appeal_id": appeal.appeal_id}
    if command.level != appeal.level:
        raise ContractError(
            "appeal_level_unexpected",
            subject=appeal.subject,
            detail=f"level {appeal.level} is with the payer",
        )
    policy = rule_sets.active("payer_policies", payer_policies).of(appeal.payer_id)
    step = next_step(
        command.decision,
        level=command.level,
        decided_on=command.decided_on,
        levels=policy.appeal_levels if policy else (),
    )
    now = clock.now()
    state = (
        AppealState.OVERTURNED if command.decision is Decision.OVERTURNED else AppealState.UPHELD
    )
    sent = appeal.state
    if sent is AppealState.READY:
        # A person sent the packet: the payer's answer is how the system hears of it.
        require_move(appeal.appeal_id, sent, AppealState.SUBMITTED)
        sent = AppealState.SUBMITTED
    require_move(appeal.appeal_id, sent, state)
    decided = replace(
        appeal, state=state, decided_at=now, decisions=(*appeal.decisions, step.consequence)
    )
    done = tuple(
        item.resolved(at=now, by=STEP, resolution="payer_answered")
        for item in open_items_about(records, appeal.subject)
    )
    also: tuple[Aggregate, ...] = ()
    events: tuple[OutboundEvent, ...] = (
        *(resolved(item, item.resolution) for item in done),
        claim_event(
            "appeal.decided",
            claim,
            appeal_id=appeal.appeal_id,
            level=command.level,
            decision=command.decision,
        ),
    )
    match step.consequence:
        case Consequence.UPHELD_NEXT_LEVEL:
            require_move(appeal.appeal_id, state, AppealState.OPENED)
            decided = replace(
                decided,
                state=AppealState.OPENED,
                level=command.level + 1,
                deadline=step.deadline,
                sending_since=None,
            )
        case Consequence.OVERTURNED:
            also = (_resolved(case, "overturned", now),)
        case Consequence.UPHELD_FINAL:
            work = open_work_item(
                queue=Queue.FINANCE,
                reason="appeal_lost",
                about=claim.subject,
                recommended_action="write the denied amount off with a reason; the patient may not be billed for it",
                at=now,
                payer_id=appeal.payer_id,
                amount_cents=appeal.amount_cents,
                occurrence=appeal.appeal_id,
            )
            also = (_resolved(case, "upheld", now), work)
            events = (*events, opened(work))
    records.commit(
        Commit(
            step=STEP,
            cause=cause,
            actor=Actor(STEP),
            at=now,
            root=decided,
            decision=step.consequence,
            facts={"level": command.level, "decided_on": command.decided_on.isoformat()},
            also=(*also, *done),
            events=events,
        )
    )
    return {"outcome": step.consequence.value, "appeal_id": appeal.appeal_id}


def _resolved(case: DenialCase, resolution: str, at: datetime) -> DenialCase:
    return replace(
        case, state=DenialState.RESOLVED, resolution=f"appeal_{resolution}", resolved_at=at
    )
