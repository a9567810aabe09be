"""Two versions over the same claims: which verdicts change, for what reasons, at which payers, for how much.

Shadow, canary, the comparison with past claims and the roll-back all read the same rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from functions.billing.domain.keys import Key
from functions.billing.domain.rule_versions.lifecycle import digest_of
from functions.billing.domain.rule_versions.roll_out import WHOLE_PERCENT, Trial


@dataclass(frozen=True, slots=True)
class Finding:
    """What one version says of one claim: held or not, and every reason it gives."""

    held: bool
    reasons: tuple[str, ...] = ()


class Change(StrEnum):
    """What becomes of a claim's verdict."""

    HELD = "newly_held"
    RELEASED = "newly_released"
    REASONS = "other_reasons"
    NONE = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One claim under the active version and under the candidate; None where only the other one judged it."""

    claim_id: str
    payer_id: str
    charge_cents: int
    active: Finding | None
    candidate: Finding | None

    @property
    def change(self) -> Change:
        """What the candidate changes; nothing where only one version judged."""
        before, after = self.active, self.candidate
        if before is None or after is None or before == after:
            return Change.NONE
        if before.held == after.held:
            return Change.REASONS
        return Change.HELD if after.held else Change.RELEASED


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation(Comparison):
    """A comparison as it rests beside its claim while a version is on trial.

    `in_cohort` tells whether the candidate's verdict had effect.
    """

    kind: ClassVar[str] = "OBSERVATION"

    name: str
    trial_version: str
    judging: str
    at: datetime
    in_cohort: bool

    @staticmethod
    def ref_of(name: str, trial_version: str) -> str:
        """What the observations of a trial are listed by."""
        return f"OBSERVED#{name}#{digest_of(trial_version)}"

    @property
    def key(self) -> Key:
        """Beside its claim, one for each time it is judged."""
        observed = self.ref_of(self.name, self.trial_version)
        return Key(f"CLAIM#{self.claim_id}", f"{observed}#{self.judging}")

    @property
    def ref(self) -> str:
        """Observations are listed by the version on trial."""
        return self.ref_of(self.name, self.trial_version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of how many."""

    count: int = 0
    of: int = 0

    @property
    def percent(self) -> float:
        """As a percentage, for people; bounds are compared exactly."""
        return WHOLE_PERCENT * self.count / self.of if self.of else 0.0

    def exceeds(self, other: "Share", *, points: int) -> bool:
        """Whether it is more than `points` percentage points above the other, in whole numbers."""
        if not self.of or not other.of:
            return False
        above = self.count * other.of - other.count * self.of
        return above * WHOLE_PERCENT > points * self.of * other.of


@dataclass(frozen=True, slots=True)
class Moved:
    """Claims whose verdict changes in one way: how many, and their charges in cents."""

    claims: int = 0
    charge_cents: int = 0

    def __add__(self, other: "Moved") -> "Moved":
        """Both together."""
        return Moved(self.claims + other.claims, self.charge_cents + other.charge_cents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a candidate changes, summed up. `by_reason` counts a claim under each reason it gains or loses."""

    claims: int
    changes: Mapping[Change, Moved]
    by_reason: Mapping[tuple[str, Change], Moved]
    by_payer: Mapping[tuple[str, Change], Moved]
    active: Share
    candidate: Share


def difference(comparisons: Iterable[Comparison]) -> Difference:
    """Sum up comparisons; only claims that both versions judged are counted."""
    changes: defaultdict[Change, Moved] = defaultdict(Moved)
    by_reason: defaultdict[tuple[str, Change], Moved] = defaultdict(Moved)
    by_payer: defaultdict[tuple[str, Change], Moved] = defaultdict(Moved)
    claims = held_before = held_after = 0
    for one in comparisons:
        if one.active is None or one.candidate is None:
            continue
        claims += 1
        held_before += one.active.held
        held_after += one.candidate.held
        change, moved = one.change, Moved(1, one.charge_cents)
        changes[change] += moved
        if change is Change.NONE:
            continue
        by_payer[one.payer_id, change] += moved
        for reason in set(one.active.reasons) ^ set(one.candidate.reasons):
            by_reason[reason, change] += moved
    return Difference(
        claims=claims,
        changes=dict(changes),
        by_reason=dict(by_reason),
        by_payer=dict(by_payer),
        active=Share(count=held_before, of=claims),
        candidate=Share(count=held_after, of=claims),
    )


class Measure(StrEnum):
    """What a bound is set on."""

    FAIL_RATE = "fail_rate"
    """The share of claims our own rules hold."""

    DENIAL_RATE = "denial_rate"
    """The share of answered claims that the payer denied at first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A bound that was crossed."""

    measure: Measure
    candidate: Share
    active: Share
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a candidate does against the active version.

    Failing is compared on the same claims where both versions judged them, else on the cohort's claims
    against all others. Denials have no such twin: what a payer would have answered nobody knows.
    """

    fails: Share
    active_fails: Share
    denials: Share = field(default_factory=Share)
    active_denials: Share = field(default_factory=Share)

    def breach(self, trial: Trial) -> Breach | None:
        """The bound that is crossed, None while none is, or while too few claims were seen."""
        bound = trial.bound
        measures = (
            (Measure.FAIL_RATE, self.fails, self.active_fails, bound.fail_points),
            (Measure.DENIAL_RATE, self.denials, self.active_denials, bound.denial_points),
        )
        for measure, candidate, active, points in measures:
            is_enough = min(candidate.of, active.of) >= bound.claims_min
            if is_enough and candidate.exceeds(active, points=points):
                return Breach(measure=measure, candidate=candidate, active=active, points=points)
        return None


def standing(
    observations: Iterable[Observation], denied: Mapping[str, bool], *, with_effect: bool
) -> Standing:
    """Count observations.

    Parameters
    ----------
    observations
        All of one trial; of a claim judged several times the newest counts.
    denied
        Answered claims, and whether the payer denied them at first.
    with_effect
        Whether the candidate judges a cohort. In shadow every claim tells how it would fare.
    """
    newest = {one.claim_id: one for one in sorted(observations, key=lambda each: each.at)}.values()
    cohort = [one for one in newest if one.in_cohort or not with_effect]
    others = [one for one in newest if with_effect and not one.in_cohort]
    pairs = [one for one in cohort if one.active and one.candidate]
    return Standing(
        fails=_held(one.candidate for one in cohort),
        active_fails=_held(one.active for one in (pairs or others)),
        denials=_denied(cohort, denied) if with_effect else Share(),
        active_denials=_denied(others, denied),
    )


def _held(findings: Iterable[Finding | None]) -> Share:
    judged = [one.held for one in findings if one is not None]
    return Share(count=sum(judged), of=len(judged))


def _denied(observations: Iterable[Observation], denied: Mapping[str, bool]) -> Share:
    answered = [denied[one.claim_id] for one in observations if one.claim_id in denied]
    return Share(count=sum(answered), of=len(answered))
