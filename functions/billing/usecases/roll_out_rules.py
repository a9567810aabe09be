"""Move one version of a rule set: propose it, bring it nearer to claims, or take it back.

Reads   the version's content, where the rule set stands, what the trial has shown.
Writes  the version's state, the rule set's standing.
Emits   rule_set.changed whenever running functions are to judge by other versions.
Fails   SegregationError when an author would approve; ForbiddenTransitionError for a move the table lacks;
        RuleSetError for content its reader refuses, for a trial beyond its bound, or one that saw too little.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from functions.billing.domain.commit import Actor, Cause, Commit, Fact
from functions.billing.domain.errors import RecordNotFoundError, RuleSetError
from functions.billing.domain.rule_versions.lifecycle import (
    FORWARD,
    ON_TRIAL,
    RuleVersion,
    VersionState,
    digest_of,
)
from functions.billing.domain.rule_versions.roll_out import Bound, Cohort, RollOut, Trial
from functions.billing.domain.rules.rule_set import RuleSet
from functions.billing.ports import Clock, Evidence, Records, RollOuts, code_table_key, content_key
from functions.billing.usecases.rolling_out import (
    Move,
    assignments,
    facts_of,
    roll_out_of,
    roll_outs,
    rolled_back,
    standing_of,
    version_of,
)
from functions.billing.usecases.rule_set_readers import READERS

STEP = "roll_out_rules"
# Whose trials are observed claim by claim, and so may be found to have seen too little.
OBSERVED = frozenset({"scrub", "payer_policies"})
# What acts while a claim's payer and location are still unknown.
BEFORE_THE_PAYER = frozenset({"mapping"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RollOutRules:
    """A person's move; `actor` comes from the authenticated principal, never from a form.

    Attributes
    ----------
    move
        `draft` (the content rests as evidence already), `promote` by one state, `roll_back` the trial or the
        active version, `withdraw` what was not yet on trial.
    content_version
        Which version; a roll-back needs none.
    cohort, bound
        For a version that goes on trial; the bound of the shadow stays that of the canary unless given anew.
    is_forced
        Go on although the trial is beyond its bound or saw too little; recorded with the reason.
    """

    move: Literal["draft", "promote", "roll_back", "withdraw"]
    rule_set: str
    actor: str
    reason: str
    content_version: str = ""
    cohort: Cohort | None = None
    bound: Bound | None = None
    is_forced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RollOutPorts:
    """What rolling out needs."""

    records: Records
    evidence: Evidence
    roll_outs: RollOuts
    clock: Clock


def roll_out_rules(command: RollOutRules, cause: Cause, ports: RollOutPorts) -> dict[str, object]:
    """The version's new state, and whether functions are told now (`deployed`), later (`waits`) or need not be."""
    if command.rule_set not in READERS:
        raise RuleSetError(
            "rule_set_unknown",
            subject=f"rule_set:{command.rule_set}",
            detail=f"there are {', '.join(sorted(READERS))}",
        )
    step = _Step(command, cause, ports)
    commit = step.commit()
    ports.records.commit(commit)
    told = "no_need"
    if any(isinstance(one, RollOut) for one in commit.also):
        told = tell(ports, at_once=command.move == "roll_back", why=command.reason)
    root = commit.root
    return {
        "outcome": commit.decision,
        "rule_set": command.rule_set,
        "content_version": getattr(root, "content_version", ""),
        "state": str(getattr(root, "state", "")),
        "roll_out": told,
    }


def bring_in_force(
    versions: Mapping[str, str], cause: Cause, ports: RollOutPorts, *, author: str, approver: str
) -> None:
    """Make these versions active, each the whole way from its draft, and tell functions once.

    For a deployment's first versions, and for one that replaces tables as a whole: no trial is waited for.
    """
    is_changed = False
    for name, content_version in versions.items():
        if roll_out_of(ports.records, name).active == content_version:
            continue
        is_changed = True
        for move, actor in _way_in_force(ports.records, name, content_version, author, approver):
            command = RollOutRules(
                move=move,
                rule_set=name,
                actor=actor,
                reason="brought in force with the deployment",
                content_version=content_version,
                is_forced=True,
            )
            ports.records.commit(_Step(command, cause, ports).commit())
    if is_changed:
        tell(ports, at_once=True, why="brought in force with the deployment")


def _way_in_force(
    records: Records, name: str, content_version: str, author: str, approver: str
) -> Iterator[tuple[Literal["draft", "promote"], str]]:
    """The moves that are left, each seen only after the one before."""
    known = records.get(RuleVersion, RuleVersion.key_of(name, content_version))
    if known is None or known.state is VersionState.RETIRED:
        yield "draft", author
    while (state := version_of(records, name, content_version).state) is not VersionState.ACTIVE:
        yield "promote", author if state is VersionState.DRAFT else approver


def tell(ports: RollOutPorts, *, at_once: bool, why: str) -> str:
    """Tell running functions how every rule set stands; the watch does so later where it cannot be done now."""
    wanted = assignments(roll_outs(ports.records))
    return "deployed" if ports.roll_outs.deploy(wanted, at_once=at_once, why=why) else "waits"


@dataclass(frozen=True, slots=True)
class _Step:
    command: RollOutRules
    cause: Cause
    ports: RollOutPorts

    @property
    def move(self) -> Move:
        return Move(
            step=STEP,
            cause=self.cause,
            actor=Actor(self.command.actor, is_person=True),
            at=self.ports.clock.now(),
            reason=self.command.reason,
        )

    def commit(self) -> Commit:
        match self.command.move:
            case "draft":
                return self._drafted()
            case "promote":
                return self._promoted()
            case "roll_back":
                return rolled_back(self.ports.records, self.move, self._roll_out())
            case "withdraw":
                return self._withdrawn()

    def _roll_out(self) -> RollOut:
        return roll_out_of(self.ports.records, self.command.rule_set)

    def _version(self) -> RuleVersion:
        return version_of(self.ports.records, self.command.rule_set, self.command.content_version)

    def _drafted(self) -> Commit:
        """A new version, or a retired one that is proposed again and must go the whole way again."""
        command, at = self.command, self.ports.clock.now()
        self._refuse_unreadable()
        key = RuleVersion.key_of(command.rule_set, command.content_version)
        known = self.ports.records.get(RuleVersion, key)
        if known is None:
            draft = RuleVersion(
                name=command.rule_set,
                content_version=command.content_version,
                authors=(command.actor,),
                drafted_at=at,
                note=command.reason,
            )
        else:
            again = known.moved(VersionState.DRAFT, by=command.actor)
            authors = tuple(dict.fromkeys((*known.authors, command.actor)))
            draft = replace(again, authors=authors, drafted_at=at, note=command.reason)
        return Commit(
            step=STEP,
            cause=self.cause,
            actor=Actor(command.actor, is_person=True),
            at=at,
            root=draft,
            decision="drafted",
            facts={
                "rule_set": draft.name,
                "content_version": draft.content_version,
                "reason": command.reason,
            },
        )

    def _refuse_unreadable(self) -> None:
        name, version = self.command.rule_set, self.command.content_version
        subject = f"rule_set:{name}"
        try:
            body = self.ports.evidence.fetch(content_key(name, version))
        except RecordNotFoundError:
            raise RuleSetError("rule_set_content_missing", subject=subject) from None
        if hashlib.sha256(body).hexdigest() != digest_of(version):
            raise RuleSetError("rule_set_content_altered", subject=subject)
        content: Mapping[str, Any] = json.loads(body, parse_float=Decimal)
        read = READERS[name](content)
        if isinstance(read, RuleSet):
            self._refuse_missing_tables(read)

    def _refuse_missing_tables(self, rules: RuleSet) -> None:
        """Rules that pin a table nobody published would stop every claim that meets them."""
        for table, version in rules.code_tables.items():
            try:
                self.ports.evidence.fetch(code_table_key(version), end_byte=1)
            except RecordNotFoundError:
                raise RuleSetError(
                    "code_table_missing",
                    subject=f"code_table:{table}",
                    detail="publish the table before the rules that pin it",
                ) from None

    def _promoted(self) -> Commit:
        version, roll_out = self._version(), self._roll_out()
        state = FORWARD.get(version.state, version.state)
        if version.state is VersionState.REVIEW and not roll_out.active:
            state = VersionState.ACTIVE
        if state is VersionState.REVIEW:
            return self.move.commit(version, state, decision="proposed")
        doubts = self._doubts(version, roll_out)
        if state in ON_TRIAL:
            trial = self._trial(version, state, roll_out)
            return self.move.commit(
                version,
                state,
                decision=f"to_{state}",
                roll_out=roll_out.trying(trial),
                facts=doubts,
            )
        displaced = self._displaced(roll_out)
        return self.move.commit(
            version,
            state,
            decision="activated",
            roll_out=roll_out.activated(version.content_version),
            others=displaced,
            facts=doubts,
        )

    def _trial(self, version: RuleVersion, state: VersionState, roll_out: RollOut) -> Trial:
        before, cohort = roll_out.trial, self.command.cohort or Cohort()
        if version.name in BEFORE_THE_PAYER and (cohort.payers or cohort.locations):
            raise RuleSetError(
                "cohort_not_known_yet",
                subject=version.subject,
                detail="it makes claims before their payer and place are known: give a share of encounters",
            )
        return Trial(
            version=version.content_version,
            stage=state,
            since=self.ports.clock.now(),
            cohort=cohort,
            bound=self.command.bound or (before.bound if before else Bound()),
        )

    def _displaced(self, roll_out: RollOut) -> tuple[RuleVersion, ...]:
        if not roll_out.active:
            return ()
        before = version_of(self.ports.records, roll_out.name, roll_out.active)
        return (before.moved(VersionState.RETIRED, by=self.command.actor),)

    def _doubts(self, version: RuleVersion, roll_out: RollOut) -> dict[str, Fact]:
        """What speaks against going on; it is refused, or recorded where a person insists."""
        trial = roll_out.trial
        if trial is None or trial.version != version.content_version:
            return {}
        shown = standing_of(self.ports.records, roll_out.name, trial)
        breach = shown.breach(trial)
        too_few = roll_out.name in OBSERVED and shown.fails.of < trial.bound.claims_min
        if self.command.is_forced:
            return {"forced": True, **(facts_of(breach) if breach else {})}
        if breach:
            raise RuleSetError(
                "trial_beyond_bound",
                subject=version.subject,
                detail=f"{breach.measure} {breach.candidate.count} of {breach.candidate.of}, the active "
                f"version's {breach.active.count} of {breach.active.of}; at most {breach.points} points more",
            )
        if too_few:
            raise RuleSetError(
                "trial_saw_too_little",
                subject=version.subject,
                detail=f"{shown.fails.of} claims of {trial.bound.claims_min}",
            )
        return {}

    def _withdrawn(self) -> Commit:
        version = self._version()
        if version.state in {*ON_TRIAL, VersionState.ACTIVE}:
            raise RuleSetError(
                "version_judges_claims", subject=version.subject, detail="roll it back instead"
            )
        return self.move.commit(version, VersionState.RETIRED, decision="withdrawn")
