"""What rolling out and watching have in common: where rule sets stand, how trials do, one move of one version."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.commit import Actor, Cause, Commit, Fact, OutboundEvent
from functions.billing.domain.errors import RecordNotFoundError
from functions.billing.domain.rule_versions.comparison import (
    Breach,
    Observation,
    Standing,
    standing,
)
from functions.billing.domain.rule_versions.lifecycle import (
    NEEDS_SECOND_PERSON,
    RuleVersion,
    VersionState,
)
from functions.billing.domain.rule_versions.roll_out import (
    ROLL_OUTS,
    Assignment,
    RollOut,
    Trial,
)
from functions.billing.domain.work_items import WorkItem
from functions.billing.ports import Records
from functions.billing.usecases.events import opened

# Answers are looked up claim by claim; of a long trial this many of its first claims tell enough.
ANSWERED_SAMPLE_MAX = 1_000


def version_of(records: Records, name: str, content_version: str) -> RuleVersion:
    """A version as last committed.

    Raises
    ------
    RecordNotFoundError
        If nobody drafted it.
    """
    found = records.get(RuleVersion, RuleVersion.key_of(name, content_version))
    if found is None:
        raise RecordNotFoundError(
            "rule_version_unknown",
            subject=f"rule_set:{name}",
            detail="draft it first, or list the versions there are",
        )
    return found


def roll_out_of(records: Records, name: str) -> RollOut:
    """Where a rule set stands; a new one stands nowhere."""
    return records.get(RollOut, RollOut.key_of(name)) or RollOut(name=name)


def roll_outs(records: Records) -> tuple[RollOut, ...]:
    """Where every rule set stands, as last committed."""
    listed = records.listed(RollOut, ROLL_OUTS)
    return tuple(roll_out_of(records, name) for name in sorted({one.name for one in listed}))


def assignments(known: Iterable[RollOut]) -> dict[str, Assignment]:
    """What running functions should be told."""
    return {one.name: one.assignment for one in known if one.active}


def observations_of(records: Records, name: str, trial: Trial) -> tuple[Observation, ...]:
    """Every claim seen while this version was on trial; eventually consistent."""
    return tuple(records.listed(Observation, Observation.ref_of(name, trial.version)))


def standing_of(records: Records, name: str, trial: Trial) -> Standing:
    """How a version on trial does, from what is recorded since its stage began."""
    seen = [one for one in observations_of(records, name, trial) if one.at >= trial.since]
    is_canary = trial.stage is VersionState.CANARY
    denied = _denied(records, seen) if is_canary else {}
    return standing(seen, denied, with_effect=is_canary)


def _denied(records: Records, seen: list[Observation]) -> dict[str, bool]:
    """Whether the payer denied a claim at first, of those that were answered."""
    oldest = sorted(seen, key=lambda one: one.at)[:ANSWERED_SAMPLE_MAX]
    claims = (records.get(Claim, Claim.key_of(one.claim_id)) for one in oldest)
    return {
        claim.claim_id: claim.first_pass_denied
        for claim in claims
        if claim and claim.first_remitted_at
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One move of one version: what the commit of every move has in common."""

    step: str
    cause: Cause
    actor: Actor
    at: datetime
    reason: str

    def commit(
        self,
        version: RuleVersion,
        state: VersionState,
        *,
        decision: str,
        roll_out: RollOut | None = None,
        others: tuple[RuleVersion, ...] = (),
        work: tuple[WorkItem, ...] = (),
        facts: Mapping[str, Fact] | None = None,
    ) -> Commit:
        """The move as one transaction, with the roll-out and the versions it displaces.

        A move that needs a second person bears its condition into the store: `authors` as stored there must not
        hold the actor.
        """
        moved = version.moved(state, by=self.actor.name)
        events = [_changed(one, decision) for one in (moved, *others)] if roll_out else []
        return Commit(
            step=self.step,
            cause=self.cause,
            actor=self.actor,
            at=self.at,
            root=moved,
            decision=decision,
            facts={
                "rule_set": version.name,
                "content_version": version.content_version,
                "from_state": version.state,
                "to_state": state,
                "reason": self.reason,
                **(facts or {}),
            },
            also=(*((roll_out,) if roll_out else ()), *others, *work),
            events=(*events, *map(opened, work)),
            not_by="authors" if (version.state, state) in NEEDS_SECOND_PERSON else "",
        )


def _changed(version: RuleVersion, decision: str) -> OutboundEvent:
    return OutboundEvent(
        "rule_set.changed",
        {
            "rule_set": version.name,
            "content_version": version.content_version,
            "state": version.state,
            "decision": decision,
        },
    )


def rolled_back(
    records: Records,
    move: Move,
    roll_out: RollOut,
    *,
    work: tuple[WorkItem, ...] = (),
    facts: Mapping[str, Fact] | None = None,
) -> Commit:
    """End the trial, or, where there is none, make the version active again that was before."""
    others: tuple[RuleVersion, ...] = ()
    if roll_out.trial:
        failed = version_of(records, roll_out.name, roll_out.trial.version)
        after = roll_out.without_trial(at=move.at)
    else:
        failed = version_of(records, roll_out.name, roll_out.active)
        after = roll_out.taken_back(at=move.at)
        before = version_of(records, roll_out.name, after.active)
        others = (before.moved(VersionState.ACTIVE, by=move.actor.name),)
    return move.commit(
        failed,
        VersionState.RETIRED,
        decision="rolled_back",
        roll_out=after,
        others=others,
        work=work,
        facts=facts,
    )


def facts_of(breach: Breach) -> dict[str, Fact]:
    """A crossed bound, as evidence."""
    return {
        "measure": breach.measure,
        "candidate_count": breach.candidate.count,
        "candidate_claims": breach.candidate.of,
        "active_count": breach.active.count,
        "active_claims": breach.active.of,
        "bound_points": breach.points,
    }
