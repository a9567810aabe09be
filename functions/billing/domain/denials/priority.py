"""Which denial to work first, as a sum anyone can follow.

Points = money + urgency - effort. Money is what an appeal or correction is expected to bring: the
amount denied times how often such denials were overturned. Urgency grows as the deadline nears.
Effort is the usual time such a denial takes. Weights are versioned data; every term is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.billing.domain.denials.buckets import Bucket
from functions.billing.domain.money import dollars, percent_of_cents
from functions.billing.domain.rules.reading import Reader, content_version

WHOLE_PERCENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityWeights:
    """The published rule: how many points each factor gives at most, and where it reaches them."""

    version: str
    money_points_max: int
    money_full_cents: int
    urgency_points_max: int
    urgency_days: int
    effort_points_max: int
    effort_full_minutes: int
    overturn_percent: Mapping[str, int]
    effort_minutes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Term:
    """One part of the sum: what it measures, its points, and the words for a person."""

    name: str
    points: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Priority:
    """The score and every term of it."""

    score: int
    terms: tuple[Term, ...]
    weights_version: str


def prioritize(
    *,
    bucket: Bucket | None,
    denied_cents: int,
    days_to_deadline: int | None,
    weights: PriorityWeights,
    observed_overturn_percent: int | None = None,
) -> Priority:
    """The priority of one denial; more points come first.

    Parameters
    ----------
    bucket
        Its class, None while unmapped.
    denied_cents
        The money at stake.
    days_to_deadline
        Days until nothing can be done any more, None when there is no deadline.
    weights
        The published rule.
    observed_overturn_percent
        How often this payer's denials of the class were overturned, None to use the rule's own.
    """
    name = bucket.value if bucket else "unmapped"
    terms = (
        _money(name, denied_cents, observed_overturn_percent, weights),
        _urgency(days_to_deadline, weights),
        _effort(name, weights),
    )
    return Priority(
        score=sum(term.points for term in terms), terms=terms, weights_version=weights.version
    )


def priority_weights(content: Mapping[str, Any]) -> PriorityWeights:
    """Read parsed weights.

    Raises
    ------
    RuleSetError
        Naming the field that is missing or malformed.
    """
    top = Reader(content, subject="denial_priority")
    for note in ("$schema", "name", "note"):
        top.text(note, "")
    weights = PriorityWeights(
        version=content_version(content),
        money_points_max=top.integer("money_points_max"),
        money_full_cents=top.integer("money_full_cents", minimum=1),
        urgency_points_max=top.integer("urgency_points_max"),
        urgency_days=top.integer("urgency_days", minimum=1),
        effort_points_max=top.integer("effort_points_max"),
        effort_full_minutes=top.integer("effort_full_minutes", minimum=1),
        overturn_percent=_by_bucket(top.child("overturn_percent"), limit=WHOLE_PERCENT),
        effort_minutes=_by_bucket(top.child("effort_minutes")),
    )
    top.finish()
    return weights


def _money(name: str, denied_cents: int, observed: int | None, weights: PriorityWeights) -> Term:
    percent = weights.overturn_percent[name] if observed is None else observed
    expected_cents = percent_of_cents(max(denied_cents, 0), percent)
    reached = min(expected_cents, weights.money_full_cents)
    points = weights.money_points_max * reached // weights.money_full_cents
    source = "observed" if observed is not None else "assumed"
    why = f"{dollars(denied_cents)} denied, {percent}% {source} to be overturned"
    return Term("money", points, why)


def _urgency(days_to_deadline: int | None, weights: PriorityWeights) -> Term:
    if days_to_deadline is None:
        return Term("urgency", 0, "no deadline")
    if days_to_deadline < 0:
        return Term("urgency", 0, "the deadline has passed")
    short = max(0, weights.urgency_days - days_to_deadline)
    points = weights.urgency_points_max * short // weights.urgency_days
    return Term("urgency", points, f"{days_to_deadline} days to the deadline")


def _effort(name: str, weights: PriorityWeights) -> Term:
    minutes = weights.effort_minutes[name]
    reached = min(minutes, weights.effort_full_minutes)
    points = -(weights.effort_points_max * reached // weights.effort_full_minutes)
    return Term("effort", points, f"usually {minutes} minutes of work")


def _by_bucket(reader: Reader, *, limit: int | None = None) -> Mapping[str, int]:
    values: dict[str, int] = {}
    for name in (*(member.value for member in Bucket), "unmapped"):
        values[name] = reader.integer(name)
        if limit is not None and values[name] > limit:
            raise reader.error(name, f"expected at most {limit}")
    reader.finish()
    return values
