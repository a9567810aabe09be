"""Which version judges which claim: the active one, and one on trial for a cohort.

What running functions are told (`Assignment`) is small, whatever the size of the rule sets: contents rest as
evidence under their hash.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self

from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.keys import Key
from functions.billing.domain.rule_versions.lifecycle import VersionState

WHOLE_PERCENT = 100
_BUCKETS = 10_000
# How many active versions back a rule set can be taken by one command each.
EARLIER_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A claim as a cohort sees it."""

    claim_id: str
    payer_id: str = ""
    location_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Which claims a canary judges: a share of those to these payers at these locations; empty stands for all."""

    share_percent: int = WHOLE_PERCENT
    payers: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a share that is none."""
        if not 1 <= self.share_percent <= WHOLE_PERCENT:
            raise RuleSetError(
                "cohort_malformed", subject="cohort", detail="the share is a percentage of 1 to 100"
            )

    def covers(self, member: Member, *, salt: str) -> bool:
        """Whether the claim belongs to the cohort; the same claim always gets the same answer.

        The hash of claim and salt decides: another candidate, as another salt, tries other claims. Who belongs
        to a share belongs to every greater one.
        """
        return (
            (not self.payers or member.payer_id in self.payers)
            and (not self.locations or member.location_id in self.locations)
            and _bucket(member.claim_id, salt) < self.share_percent * _BUCKETS // WHOLE_PERCENT
        )


def _bucket(claim_id: str, salt: str) -> int:
    digest = hashlib.sha256(f"{salt}\x1f{claim_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % _BUCKETS


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """How far a candidate may be worse than the active version, in percentage points, before it goes.

    Nothing is concluded from fewer than `claims_min` claims.
    """

    claims_min: int = 20
    fail_points: int = 10
    denial_points: int = 5

    def __post_init__(self) -> None:
        """Refuse bounds that bind nothing."""
        if self.claims_min < 1 or not all(
            0 <= points <= WHOLE_PERCENT for points in (self.fail_points, self.denial_points)
        ):
            raise RuleSetError(
                "bound_malformed",
                subject="bound",
                detail="expected at least one claim, and points of 0 to 100",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A version beside the active one: in shadow without effect, or as canary for its cohort."""

    version: str
    stage: VersionState
    since: datetime
    cohort: Cohort = Cohort()
    bound: Bound = Bound()

    def judges(self, member: Member) -> bool:
        """Whether it judges this claim with effect."""
        return self.stage is VersionState.CANARY and self.cohort.covers(member, salt=self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """A version that was rolled back: what it stopped is judged again."""

    version: str
    at: datetime


class RollOutState(StrEnum):
    """What became of the newest deployment of what functions are told."""

    SETTLED = "settled"
    DEPLOYING = "deploying"

    TAKEN_BACK = "taken_back"
    """An alarm sounded while it was deployed."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """All that a running function must know of one rule set."""

    active: str
    trial: Trial | None = None

    def version_for(self, member: Member) -> str:
        """The version that judges this claim."""
        if self.trial and self.trial.judges(member):
            return self.trial.version
        return self.active


@dataclass(frozen=True, slots=True, kw_only=True)
class RollOut:
    """Where one rule set stands. `version` counts the moves.

    Attributes
    ----------
    earlier
        Versions that were active before, newest first: where a roll-back leads.
    recalled
        Versions that were rolled back while claims they judged may still lie there.
    """

    kind: ClassVar[str] = "ROLL_OUT"

    name: str
    active: str = ""
    trial: Trial | None = None
    earlier: tuple[str, ...] = ()
    recalled: tuple[Recall, ...] = ()
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(name: str) -> Key:
        """Where a rule set's standing rests."""
        return Key(f"RULES#{name}", "ROLL_OUT")

    @property
    def key(self) -> Key:
        """Where this one rests."""
        return self.key_of(self.name)

    @property
    def ref(self) -> str:
        """All of them are listed together."""
        return ROLL_OUTS

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"rule_set:{self.name}"

    @property
    def assignment(self) -> Assignment:
        """What functions are told."""
        return Assignment(self.active, self.trial)

    def trying(self, trial: Trial) -> Self:
        """With a version on trial.

        Raises
        ------
        RuleSetError
            If another version is on trial.
        """
        if self.trial and self.trial.version != trial.version:
            raise RuleSetError(
                "another_version_on_trial",
                subject=self.subject,
                detail="one at a time, or nobody could say which of them changed the figures",
            )
        return replace(self, trial=trial)

    def activated(self, version: str) -> Self:
        """With another active version and no trial."""
        earlier = (self.active, *self.earlier)[:EARLIER_MAX] if self.active else ()
        return replace(self, active=version, trial=None, earlier=earlier)

    def without_trial(self, *, at: datetime) -> Self:
        """With the trial ended; the claims a canary held are to be judged again."""
        if self.trial is None or self.trial.stage is VersionState.SHADOW:
            return replace(self, trial=None)
        return replace(
            self, trial=None, recalled=(*self.recalled, Recall(version=self.trial.version, at=at))
        )

    def taken_back(self, *, at: datetime) -> Self:
        """With the version active that was before.

        Raises
        ------
        RuleSetError
            If there was none.
        """
        if not self.earlier:
            raise RuleSetError(
                "no_earlier_version", subject=self.subject, detail="nothing was active before"
            )
        before, *rest = self.earlier
        return replace(
            self,
            active=before,
            trial=None,
            earlier=tuple(rest),
            recalled=(*self.recalled, Recall(version=self.active, at=at)),
        )


ROLL_OUTS = "ROLL_OUTS"
