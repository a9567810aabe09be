"""A change of rules on its way through the day: proposed, seen in shadow, insisted on, taken back in canary.

Everything is done from the outside, as people do it: by the function their tools call.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from functions.billing.adapters.rule_sets import keep
from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import HistoryEntry
from functions.billing.domain.rule_versions.comparison import (
    Change,
    Difference,
    Observation,
    difference,
)
from functions.billing.domain.rule_versions.lifecycle import RuleVersion, VersionState, short
from local.cloud import Cloud
from local.day.records import RuleChange
from local.errors import LocalCloudError
from local.invoking import as_person
from local.run_report import RuleTrial, VerdictChange
from local.seeding import roll_out_ports
from local.store import Store

# Longer than a function on the local cloud goes on judging by what it heard before.
_HEARD_AFTER_SECONDS = 1.5
_NAME = "scrub"


@dataclass(slots=True, kw_only=True)
class RuleChangeDrill:
    """One proposed change, and who brings it how far."""

    cloud: Cloud
    change: RuleChange
    version: str = ""
    refusal: str = ""
    shadow_ended_at: datetime | None = field(default=None)

    def into_shadow(self) -> None:
        """The author proposes it, somebody else lets it judge beside the active rules."""
        ports = roll_out_ports(self.cloud.aws, self.cloud.deployment)
        self.version = keep(ports.evidence, _NAME, self.change.content)
        self._move("draft", self.change.author)
        self._move("promote", self.change.author)
        self._move("promote", self.change.approver, bound=self.change.bound)
        time.sleep(_HEARD_AFTER_SECONDS)

    def into_canary(self) -> None:
        """The shadow's figures forbid it; a person insists, for a share of the claims."""
        try:
            self._move("promote", self.change.approver)
        except LocalCloudError as refused:
            self.refusal = str(refused)
        self.shadow_ended_at = datetime.now(UTC)
        cohort = {"share_percent": self.change.share_percent}
        self._move("promote", self.change.approver, cohort=cohort, is_forced=True)
        time.sleep(_HEARD_AFTER_SECONDS)

    def _move(self, move: str, actor: str, **more: Any) -> Mapping[str, Any]:
        return as_person(
            self.cloud.aws,
            self.cloud.deployment,
            function="RollOutRules",
            about=f"rule_set:{_NAME}",
            data={
                "move": move,
                "rule_set": _NAME,
                "content_version": self.version,
                "actor": actor,
                "reason": self.change.why,
                **more,
            },
            advice=f"See where it stands with: billing rules show {_NAME}",
        )


def told_of(drill: RuleChangeDrill, store: Store) -> RuleTrial:
    """What the trial showed and what became of it, read from the records."""
    seen = [one for one in store.of(Observation) if one.trial_version == drill.version]
    version = next(one for one in store.of(RuleVersion) if one.content_version == drill.version)
    canary_began = drill.shadow_ended_at or datetime.now(UTC)
    shadow = difference(one for one in seen if one.at < canary_began)
    cohort = difference(one for one in seen if one.at >= canary_began and one.in_cohort)
    recalled = {
        entry.subject_key.partition
        for entry in store.of(HistoryEntry)
        if entry.decision == "recalled" and entry.facts.get("rolled_back") == drill.version
    }
    moves = store.under(HistoryEntry, version.key.partition)
    ended = next((entry for entry in moves if entry.decision == "rolled_back"), None)
    return RuleTrial(
        rule_set=_NAME,
        version=short(drill.version),
        why=drill.change.why,
        author=drill.change.author,
        approver=drill.change.approver,
        claims_in_shadow=shadow.claims,
        active_held=shadow.active.count,
        candidate_held=shadow.candidate.count,
        changes=_changes(shadow),
        refusal=drill.refusal,
        share_percent=drill.change.share_percent,
        claims_in_canary=cohort.claims,
        canary_active_held=cohort.active.count,
        canary_held=cohort.candidate.count,
        bound_points=int(drill.change.bound["fail_points"]),
        is_rolled_back=version.state is VersionState.RETIRED and ended is not None,
        rolled_back_by=ended.actor if ended else "",
        recalled=len(recalled),
        still_stopped=sum(
            claim.state in {ClaimState.HELD, ClaimState.STAGED, ClaimState.AWAITING_APPROVAL}
            and claim.ruleset_version == drill.version
            for claim in store.of(Claim)
        ),
    )


def _changes(told: Difference) -> tuple[VerdictChange, ...]:
    return tuple(
        VerdictChange(
            payer_id=payer, reason=reason, claims=moved.claims, charge_cents=moved.charge_cents
        )
        for (payer, change), moved in sorted(told.by_payer.items())
        for reason in sorted({reason for reason, what in told.by_reason if what is change})
        if change is Change.HELD
    )
