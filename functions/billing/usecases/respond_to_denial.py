"""Respond to one classified denial: by itself where that is safe, through a person where it isn't.

Reads   the case, its claim, the payer's policy, response data and automation policy.
Writes  the response; work for its owner, or an appeal.
Emits   appeal.opened, eligibility.recheck.requested, work_item.opened.
Fails   StaleRecordError (retry).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from functions.billing.domain.appeals.case import Appeal
from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.commit import Actor, Aggregate, Cause, Commit, OutboundEvent
from functions.billing.domain.denials.case import DenialCase, DenialState
from functions.billing.domain.denials.classify import Classification
from functions.billing.domain.denials.response import (
    DenialContext,
    DenialResponse,
    Resubmission,
    response_plan,
    response_table,
)
from functions.billing.domain.errors import RecordNotFoundError
from functions.billing.domain.records import PayerKind
from functions.billing.domain.rules.automation import Mode, automation_policy
from functions.billing.domain.rules.policy import PayerPolicy, payer_policies
from functions.billing.domain.work_items import WorkItem, open_work_item
from functions.billing.ports import Clock, Records, RuleSets
from functions.billing.usecases.events import claim_event, opened
from functions.billing.usecases.trying import judging_version, member_of

STEP = "respond_to_denial"

_DONE = frozenset({DenialState.RESPONDED, DenialState.APPEALED, DenialState.RESOLVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RespondToDenial:
    """Respond to this denial."""

    denial_id: str


def respond_to_denial(
    command: RespondToDenial, cause: Cause, *, records: Records, rule_sets: RuleSets, clock: Clock
) -> dict[str, object]:
    """`observed`, `appeal_opened`, `acted` or `work_opened`."""
    case = records.get(DenialCase, DenialCase.key_of(command.denial_id))
    claim = records.get(Claim, Claim.key_of(case.claim_id)) if case else None
    if case is None or claim is None or case.classification is None:
        raise RecordNotFoundError("denial_not_classified", subject=f"denial:{command.denial_id}")
    if case.state in _DONE:
        return {"outcome": "already_responded", "denial_id": case.denial_id}
    member = member_of(claim)
    policies = judging_version(rule_sets, "payer_policies", payer_policies, member)
    policy = policies.of(case.payer_id)
    now = clock.now()
    plan = response_plan(
        case.classification,
        _context(claim, case, policy, now),
        judging_version(rule_sets, "denial_responses", response_table, member),
        judging_version(rule_sets, "automation", automation_policy, member),
    )
    return _Response(case, claim, case.classification, plan, policy, cause, now).commit(records)


def _context(
    claim: Claim, case: DenialCase, policy: PayerPolicy | None, now: datetime
) -> DenialContext:
    days_left = None
    if policy:
        days_left = (policy.filing.deadline(claim.service_on, claim.service_on) - now.date()).days
    return DenialContext(
        payer_id=case.payer_id,
        payer_kind=policy.kind if policy else PayerKind.COMMERCIAL,
        location_id=claim.location_id,
        payer_claim_number=case.payer_claim_control_number,
        appeal_levels_left=len(policy.appeal_levels) if policy else 0,
        filing_days_left=days_left,
    )


@dataclass(frozen=True, slots=True)
class _Response:
    case: DenialCase
    claim: Claim
    classification: Classification
    plan: DenialResponse
    policy: PayerPolicy | None
    cause: Cause
    now: datetime

    def commit(self, records: Records) -> dict[str, object]:
        also: tuple[Aggregate, ...] = ()
        events: tuple[OutboundEvent, ...] = ()
        responded = replace(
            self.case,
            state=DenialState.RESPONDED,
            action=self.plan.action,
            mode=self.plan.mode,
            resubmission=self.plan.resubmission,
            responded_at=self.now,
        )
        if self._appeals_by_itself:
            appeal = self._appeal()
            responded = replace(responded, state=DenialState.APPEALED, appeal_id=appeal.appeal_id)
            also = (appeal,)
            events = (
                claim_event(
                    "appeal.opened",
                    self.claim,
                    appeal_id=appeal.appeal_id,
                    denial_id=self.case.denial_id,
                    level=1,
                ),
            )
            outcome = "appeal_opened"
        else:
            work = self._work()
            also = (work,)
            events = (opened(work), *self._recheck())
            outcome = {Mode.OBSERVE: "observed"}.get(
                self.plan.mode, "acted" if self.plan.acts else "work_opened"
            )
        records.commit(
            Commit(
                step=STEP,
                cause=self.cause,
                actor=Actor(STEP),
                at=self.now,
                root=responded,
                # In observe mode the record says what would have been done; nothing was.
                decision=f"would_{self.plan.action}" if outcome == "observed" else self.plan.action,
                facts={
                    "mode": self.plan.mode,
                    "outcome": outcome,
                    "reasons": self.plan.reasons,
                    "resubmission": self.plan.resubmission,
                    "appeal": self.plan.appeal,
                    "responses": self.plan.responses_version,
                },
                also=also,
                events=events,
            )
        )
        return {"outcome": outcome, "denial_id": self.case.denial_id, "action": self.plan.action}

    @property
    def _appeals_by_itself(self) -> bool:
        """What a correction can cure goes to whoever can correct it, before anybody argues with the payer."""
        return self.plan.acts and self.plan.appeal and self.plan.resubmission is Resubmission.NONE

    def _appeal(self) -> Appeal:
        level = self.policy.appeal_level(1) if self.policy else None
        deadline = (self.now + timedelta(days=level.window_days)).date() if level else None
        return Appeal(
            appeal_id=Appeal.id_of(self.case.denial_id),
            denial_id=self.case.denial_id,
            claim_id=self.case.claim_id,
            payer_id=self.case.payer_id,
            amount_cents=self.case.amount_cents,
            opened_at=self.now,
            deadline=deadline,
        )

    def _work(self) -> WorkItem:
        return open_work_item(
            queue=self.plan.queue,
            reason=f"denial_{self.case.bucket}",
            about=self.claim.subject,
            recommended_action=self.plan.recommended_action,
            at=self.now,
            due_days=self.plan.due_days,
            fields=tuple(
                dict.fromkeys(
                    f"{each.group}-{each.reason}" for each in self.classification.evidence
                )
            ),
            payer_id=self.case.payer_id,
            amount_cents=self.case.amount_cents,
            occurrence=self.case.denial_id,
        )

    def _recheck(self) -> tuple[OutboundEvent, ...]:
        if not (self.plan.acts and self.plan.reverify and self.claim.coverage_id):
            return ()
        data = {"coverage_id": self.claim.coverage_id, "claim_id": self.claim.claim_id}
        return (OutboundEvent("eligibility.recheck.requested", data),)
