"""Watch what is on trial: take back what crosses its bound, judge again what it held, tell functions what holds.

Reads   where every rule set stands, what trials have shown, what AppConfig has deployed.
Writes  a roll-back, claims to be judged again, work for whoever owns the rules.
Emits   rule_set.changed, work_item.opened; claim.recalled for each claim to be judged again.
Fails   StaleRecordError is passed over: whoever moved the record meanwhile is seen at the next watch.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.claims.revisions import Judgement
from functions.billing.domain.commit import Actor, Cause, Commit, Fact
from functions.billing.domain.errors import StaleRecordError
from functions.billing.domain.rule_versions.comparison import Breach
from functions.billing.domain.rule_versions.lifecycle import VersionState, short
from functions.billing.domain.rule_versions.roll_out import Recall, RollOut, RollOutState
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.ports import Clock, Records, RollOuts
from functions.billing.usecases.events import claim_event, opened
from functions.billing.usecases.rolling_out import (
    Move,
    assignments,
    facts_of,
    roll_outs,
    rolled_back,
    standing_of,
)
from functions.billing.usecases.work import not_yet_known

STEP = "watch_roll_outs"
# Far longer than a function that is running goes on judging by what it heard before.
RECALL_FOR = timedelta(minutes=30)
# What one run recalls; the next takes the rest.
CLAIMS_MAX = 500
BEYOND_BOUND, TAKEN_BACK = "rule_trial_beyond_bound", "rule_version_taken_back"
_STOPPED = frozenset({ClaimState.HELD, ClaimState.AWAITING_APPROVAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRollOuts:
    """Look now."""


def watch_roll_outs(
    command: WatchRollOuts,  # noqa: ARG001 the schedule says nothing but when
    cause: Cause,
    *,
    records: Records,
    roll_outs: RollOuts,
    clock: Clock,
) -> dict[str, object]:
    """`watched`, or `beyond_bound` or `rolled_back` when something is wrong, with the number of claims recalled."""
    watch = _Watch(records, roll_outs, cause, clock.now())
    taken_back = watch.take_back()
    warned = watch.warn()
    recalled = watch.recall()
    watch.tell(at_once=bool(taken_back))
    outcome = "rolled_back" if taken_back else "beyond_bound" if warned else "watched"
    return {
        "outcome": outcome,
        "rolled_back": taken_back,
        "recalled": recalled,
    }


@dataclass(frozen=True, slots=True)
class _Watch:
    records: Records
    deployments: RollOuts
    cause: Cause
    now: datetime

    def take_back(self) -> list[str]:
        """End every canary beyond its bound, and follow AppConfig where its alarm took a deployment back."""
        taken = []
        undone = self._undone_by_alarm()
        for roll_out in roll_outs(self.records):
            if roll_out.name in undone:
                facts: dict[str, Fact] = {"measure": "deployment_alarm"}
                commit = self._rolled_back(roll_out, "the deployment's alarm took it back", facts)
            elif breach := self._breach(roll_out, VersionState.CANARY):
                commit = self._rolled_back(roll_out, "bound crossed", facts_of(breach))
            else:
                continue
            if self._committed(commit):
                taken.append(roll_out.name)
        return taken

    def warn(self) -> list[str]:
        """Tell people of every shadow beyond its bound, once: it may not become a canary as it is."""
        warned = []
        for roll_out in roll_outs(self.records):
            breach = self._breach(roll_out, VersionState.SHADOW)
            if breach and roll_out.trial:
                work = self._work(roll_out, BEYOND_BOUND, roll_out.trial.version)
                warned.append(roll_out.name)
                if not_yet_known(self.records, work):
                    self._committed(self._commit_work(roll_out, work, breach))
        return warned

    def recall(self) -> int:
        """Put claims back that a version stopped which was rolled back: they are judged again."""
        recalled = 0
        for roll_out in roll_outs(self.records):
            for recall in roll_out.recalled:
                for claim in self._stopped_by(roll_out.name, recall):
                    if recalled == CLAIMS_MAX:
                        return recalled
                    recalled += self._committed(self._restaged(claim, roll_out.name, recall))
            self._forget_old_recalls(roll_out)
        return recalled

    def tell(self, *, at_once: bool) -> None:
        """Deploy what the records say, where AppConfig has something else: a deployment was lost or had to wait."""
        wanted = assignments(roll_outs(self.records))
        if self.deployments.state() is RollOutState.DEPLOYING and not at_once:
            return
        if self.deployments.deployed() != wanted:
            self.deployments.deploy(wanted, at_once=at_once, why=f"watch {self.cause.cause_id}")

    def _undone_by_alarm(self) -> frozenset[str]:
        if self.deployments.state() is not RollOutState.TAKEN_BACK:
            return frozenset()
        deployed = self.deployments.deployed()
        wanted = assignments(roll_outs(self.records))
        return frozenset(
            name for name in wanted if name in deployed and wanted[name] != deployed[name]
        )

    def _breach(self, roll_out: RollOut, stage: VersionState) -> Breach | None:
        trial = roll_out.trial
        if trial is None or trial.stage is not stage:
            return None
        return standing_of(self.records, roll_out.name, trial).breach(trial)

    def _rolled_back(self, roll_out: RollOut, reason: str, facts: dict[str, Fact]) -> Commit:
        version = roll_out.trial.version if roll_out.trial else roll_out.active
        move = Move(step=STEP, cause=self.cause, actor=Actor(STEP), at=self.now, reason=reason)
        work = self._work(roll_out, TAKEN_BACK, version)
        known = not_yet_known(self.records, work)
        return rolled_back(self.records, move, roll_out, work=known, facts=facts)

    def _work(self, roll_out: RollOut, reason: str, version: str) -> WorkItem:
        return open_work_item(
            queue=Queue.BILLING,
            reason=reason,
            about=roll_out.subject,
            recommended_action=f"see what version {short(version)} changes (billing rules show "
            f"{roll_out.name}), mend it, and propose the mended version",
            at=self.now,
            occurrence=f"{version}|{roll_out.trial.since.isoformat() if roll_out.trial else ''}",
        )

    def _commit_work(self, roll_out: RollOut, work: WorkItem, breach: Breach) -> Commit:
        return Commit(
            step=STEP,
            cause=self.cause,
            actor=Actor(STEP),
            at=self.now,
            root=roll_out,
            decision="beyond_bound",
            facts=facts_of(breach),
            also=(work,),
            events=(opened(work),),
        )

    def _stopped_by(self, name: str, recall: Recall) -> Iterator[Claim]:
        for month in _months(self.now):
            for listed in self.records.listed(Claim, f"CLAIMS#{month}"):
                claim = self.records.get(Claim, listed.key)
                if claim and self._is_stopped_by(claim, name, recall):
                    yield claim

    def _is_stopped_by(self, claim: Claim, name: str, recall: Recall) -> bool:
        """Held, or waiting for approval, by that version's judgement and by nothing else since."""
        if claim.state not in _STOPPED:
            return False
        key = Judgement.key_of(claim.claim_id, claim.judging)
        judgement = self.records.get(Judgement, key)
        if judgement is None or judgement.versions.get(name) != recall.version:
            return False
        return set(claim.reasons) <= {rule.reason_code for rule in judgement.failed}

    def _restaged(self, claim: Claim, name: str, recall: Recall) -> Commit:
        again = claim.moved(ClaimState.STAGED, reasons=(), rejudged=claim.rejudged + 1)
        return Commit(
            step=STEP,
            cause=self.cause,
            actor=Actor(STEP),
            at=self.now,
            root=again,
            decision="recalled",
            facts={"rule_set": name, "rolled_back": recall.version, "revision": claim.revision},
            events=(claim_event("claim.recalled", again, rule_set=name),),
        )

    def _forget_old_recalls(self, roll_out: RollOut) -> None:
        held = tuple(one for one in roll_out.recalled if self.now - one.at < RECALL_FOR)
        if held == roll_out.recalled:
            return
        self._committed(
            Commit(
                step=STEP,
                cause=self.cause,
                actor=Actor(STEP),
                at=self.now,
                root=replace(roll_out, recalled=held),
                decision="recall_ended",
            )
        )

    def _committed(self, commit: Commit) -> bool:
        try:
            self.records.commit(commit)
        except StaleRecordError:
            return False
        return True


def _months(now: datetime) -> tuple[str, str]:
    last = now.replace(day=1) - timedelta(days=1)
    return f"{now:%Y-%m}", f"{last:%Y-%m}"
