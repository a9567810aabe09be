"""The measures, each with numerator, denominator and cohort stated, never a bare percentage.

Definitions follow HFMA's claim keys where it has one; where ours is stricter the definition says
so. A rate is by cohort: a claim counts in the period in which it entered the denominator, whenever
its numerator came true.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Protocol, TypeVar

from functions.billing.domain.kpis.facts import (
    ClaimFacts,
    Dimension,
    Period,
    PostingFacts,
    Segments,
    VisitFacts,
)


class KpiName(StrEnum):
    """The name of a measure: the same in metrics, tables, dashboard and report."""

    CLEAN_CLAIM_RATE = "clean_claim_rate"
    ACCEPTANCE_RATE = "acceptance_rate"
    FIRST_PASS_DENIAL_RATE = "first_pass_denial_rate"  # noqa: S105 (no password)
    FIRST_PASS_DENIAL_DOLLAR_RATE = "first_pass_denial_dollar_rate"  # noqa: S105
    DENIAL_RECOVERY_RATE = "denial_recovery_rate"
    DAYS_IN_AR = "days_in_ar"
    CLOSE_TO_SUBMISSION = "close_to_submission"
    REMITTANCE_TO_POSTING = "remittance_to_posting"
    TIME_TO_CASH = "time_to_cash"
    TIME_TO_RESOLUTION = "time_to_resolution"
    TOUCHES_PER_CLAIM = "touches_per_claim"
    TOUCHLESS_RATE = "touchless_rate"
    COST_PER_CLAIM = "cost_per_claim"
    ELIGIBILITY_SAME_DAY_RATE = "eligibility_same_day_rate"
    ELIGIBILITY_FRESH_RATE = "eligibility_fresh_rate"
    PRE_SUBMIT_FAILURE_RATE = "pre_submit_failure_rate"
    AUTHORIZATION_AT_SCHEDULING_RATE = "authorization_at_scheduling_rate"
    AUTO_MATCH_RATE = "auto_match_rate"
    AUTO_POST_RATE = "auto_post_rate"


class KpiUnit(StrEnum):
    """What numerator over denominator comes out as."""

    RATIO = "ratio"
    SECONDS = "seconds"
    DAYS = "days"
    COUNT = "count"
    USD = "usd"


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiDefinition:
    """What a measure means, in words that stand beside it on the dashboard and in the report."""

    name: KpiName
    unit: KpiUnit
    numerator: str
    denominator: str
    is_better_when_higher: bool
    is_leading: bool = False


def _define(
    name: KpiName,
    unit: KpiUnit,
    numerator: str,
    denominator: str,
    *,
    higher: bool,
    leading: bool = False,
) -> KpiDefinition:
    return KpiDefinition(
        name=name,
        unit=unit,
        numerator=numerator,
        denominator=denominator,
        is_better_when_higher=higher,
        is_leading=leading,
    )


_RATIO, _SECONDS = KpiUnit.RATIO, KpiUnit.SECONDS

DEFINITIONS: Mapping[KpiName, KpiDefinition] = {
    one.name: one
    for one in (
        _define(
            KpiName.CLEAN_CLAIM_RATE,
            _RATIO,
            "accepted by the payer's front end, touched by nobody, rejected by no 999 or 277CA",
            "claims staged in the period",
            higher=True,
        ),
        _define(
            KpiName.ACCEPTANCE_RATE,
            _RATIO,
            "accepted by the payer's front end (277CA A2)",
            "claims submitted in the period",
            higher=True,
        ),
        _define(
            KpiName.FIRST_PASS_DENIAL_RATE,
            _RATIO,
            "denied, wholly or in part, by their first remittance",
            "original claims (frequency 1) whose first remittance came in the period",
            higher=False,
        ),
        _define(
            KpiName.FIRST_PASS_DENIAL_DOLLAR_RATE,
            _RATIO,
            "cents denied by the first remittance",
            "cents charged on original claims whose first remittance came in the period",
            higher=False,
        ),
        _define(
            KpiName.DENIAL_RECOVERY_RATE,
            _RATIO,
            "cents collected since on what was denied",
            "cents initially denied in the period, by date of denial and never of payment",
            higher=True,
        ),
        _define(
            KpiName.DAYS_IN_AR,
            KpiUnit.DAYS,
            "open receivable, in cents, times the days of the window",
            "cents charged on claims submitted in the trailing window",
            higher=False,
        ),
        _define(
            KpiName.CLOSE_TO_SUBMISSION,
            _SECONDS,
            "seconds from the encounter's close to the first submission",
            "claims first submitted in the period",
            higher=False,
        ),
        _define(
            KpiName.REMITTANCE_TO_POSTING,
            _SECONDS,
            "seconds from receipt of the file to posting",
            "remitted claims received in the period and posted",
            higher=False,
        ),
        _define(
            KpiName.TIME_TO_CASH,
            _SECONDS,
            "seconds from the encounter's close to the payer's first payment",
            "claims first paid in the period",
            higher=False,
        ),
        _define(
            KpiName.TIME_TO_RESOLUTION,
            _SECONDS,
            "seconds from denial to its resolution",
            "denials resolved in the period",
            higher=False,
        ),
        _define(
            KpiName.TOUCHES_PER_CLAIM,
            KpiUnit.COUNT,
            "times a person had to act",
            "claims staged in the period",
            higher=False,
        ),
        _define(
            KpiName.TOUCHLESS_RATE,
            _RATIO,
            "no person had to act from staging to close",
            "claims closed in the period",
            higher=True,
        ),
        _define(
            KpiName.COST_PER_CLAIM,
            KpiUnit.USD,
            "price of what AWS counted, in millionths of a dollar, over one million",
            "claims processed",
            higher=False,
        ),
        _define(
            KpiName.ELIGIBILITY_SAME_DAY_RATE,
            _RATIO,
            "the payer answered on the day the appointment was made",
            "appointments made in the period",
            higher=True,
            leading=True,
        ),
        _define(
            KpiName.ELIGIBILITY_FRESH_RATE,
            _RATIO,
            "the newest answer was still fresh on the day of service",
            "visits in the period whose day has come",
            higher=True,
            leading=True,
        ),
        _define(
            KpiName.PRE_SUBMIT_FAILURE_RATE,
            _RATIO,
            "refused by our own edits at the first attempt",
            "claims staged in the period",
            higher=False,
            leading=True,
        ),
        _define(
            KpiName.AUTHORIZATION_AT_SCHEDULING_RATE,
            _RATIO,
            "the authorization was there when the appointment was made",
            "appointments made in the period that need one",
            higher=True,
            leading=True,
        ),
        _define(
            KpiName.AUTO_MATCH_RATE,
            _RATIO,
            "matched to one of our claims without a person",
            "remitted claims received in the period",
            higher=True,
            leading=True,
        ),
        _define(
            KpiName.AUTO_POST_RATE,
            _RATIO,
            "posted without a person",
            "remitted claims received in the period",
            higher=True,
            leading=True,
        ),
    )
}
"""Every measure's definition."""


@dataclass(frozen=True, slots=True)
class Tally:
    """A numerator over a denominator, exact."""

    numerator: int
    denominator: int

    @property
    def value(self) -> Fraction | None:
        """The exact quotient; None, never zero, when there is nothing to divide by."""
        return Fraction(self.numerator, self.denominator) if self.denominator else None

    def rounded(self, places: int = 4) -> Decimal | None:
        """The quotient as a decimal for people and for metrics, half rounded up."""
        exact = self.value
        if exact is None:
            return None
        quotient = Decimal(exact.numerator) / Decimal(exact.denominator)
        return quotient.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)

    def __add__(self, other: "Tally") -> "Tally":
        """Pool two tallies, as for a longer period or a larger segment."""
        return Tally(self.numerator + other.numerator, self.denominator + other.denominator)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """One measure for one period: the whole, and each segment of each dimension.

    `count` is how many facts stand behind it: too few, and it should alarm nobody.
    """

    name: KpiName
    total: Tally
    count: int
    by_segment: Mapping[Dimension, Mapping[str, Tally]]

    @property
    def definition(self) -> KpiDefinition:
        """What it means."""
        return DEFINITIONS[self.name]

    @property
    def value(self) -> Fraction | None:
        """The exact value, None when nothing could be measured."""
        return self.total.value


class _Segmented(Protocol):
    @property
    def segments(self) -> Segments: ...


_Fact = TypeVar("_Fact", bound=_Segmented)
_SEGMENTS = (
    Dimension.PAYER,
    Dimension.LOCATION,
    Dimension.PROVIDER,
    Dimension.SERVICE_LINE,
    Dimension.DEPARTMENT,
)


def _measure(
    name: KpiName, facts: Iterable[_Fact], tally_of: Callable[[_Fact], Tally | None]
) -> Kpi:
    """Sum what each fact contributes; None leaves it out of the cohort."""
    total = Tally(0, 0)
    count = 0
    by_segment: dict[Dimension, dict[str, Tally]] = {dimension: {} for dimension in _SEGMENTS}
    for fact in facts:
        tally = tally_of(fact)
        if tally is None:
            continue
        total += tally
        count += 1
        for dimension, tallies in by_segment.items():
            segment = fact.segments.of(dimension)
            tallies[segment] = tallies.get(segment, Tally(0, 0)) + tally
    return Kpi(name=name, total=total, count=count, by_segment=by_segment)


def _ratio(*, holds: bool) -> Tally:
    return Tally(int(holds), 1)


def _seconds_between(start: datetime | None, end: datetime | None) -> Tally | None:
    """None when either end is missing, or they are in the wrong order (a clock's error)."""
    if start is None or end is None or end < start:
        return None
    return Tally(int((end - start).total_seconds()), 1)


def measure_claims(
    facts: Iterable[ClaimFacts], period: Period, *, ar_window_days: int = 90
) -> tuple[Kpi, ...]:
    """Every measure that claims alone decide, as of the period's end.

    `ar_window_days` is the trailing window of days in A/R, ending with the period.
    """
    claims = tuple(facts)
    window = Period(period.ends_at - timedelta(days=ar_window_days), period.ends_at)
    rules: dict[KpiName, Callable[[ClaimFacts], Tally | None]] = {
        KpiName.CLEAN_CLAIM_RATE: lambda one: (
            _ratio(holds=_is_clean(one)) if period.has(one.staged_at) else None
        ),
        KpiName.ACCEPTANCE_RATE: lambda one: (
            _ratio(holds=one.accepted_at is not None) if period.has(one.submitted_at) else None
        ),
        KpiName.FIRST_PASS_DENIAL_DOLLAR_RATE: lambda one: (
            Tally(one.first_pass_denied_cents, one.charge_cents)
            if _is_first_pass(one, period)
            else None
        ),
        KpiName.DENIAL_RECOVERY_RATE: lambda one: (
            Tally(one.recovered_cents, one.denied_cents) if period.has(one.denied_at) else None
        ),
        KpiName.DAYS_IN_AR: lambda one: _days_in_ar(one, window, ar_window_days),
        KpiName.CLOSE_TO_SUBMISSION: lambda one: (
            _seconds_between(one.encounter_closed_at, one.submitted_at)
            if period.has(one.submitted_at)
            else None
        ),
        KpiName.TIME_TO_CASH: lambda one: (
            _seconds_between(one.encounter_closed_at, one.first_paid_at)
            if period.has(one.first_paid_at)
            else None
        ),
        KpiName.TIME_TO_RESOLUTION: lambda one: (
            _seconds_between(one.denied_at, one.denial_resolved_at)
            if period.has(one.denial_resolved_at)
            else None
        ),
        KpiName.TOUCHES_PER_CLAIM: lambda one: (
            Tally(one.touches, 1) if period.has(one.staged_at) else None
        ),
        KpiName.TOUCHLESS_RATE: lambda one: (
            _ratio(holds=one.touches == 0) if period.has(one.closed_at) else None
        ),
        KpiName.PRE_SUBMIT_FAILURE_RATE: lambda one: (
            _ratio(holds=one.failed_edits) if period.has(one.staged_at) else None
        ),
    }
    return (
        first_pass_denial_rate(claims, period),
        *(_measure(name, claims, rule) for name, rule in rules.items()),
    )


def _is_clean(one: ClaimFacts) -> bool:
    return one.accepted_at is not None and one.touches == 0 and not one.was_rejected


def _is_first_pass(one: ClaimFacts, period: Period) -> bool:
    return one.is_original and period.has(one.first_remitted_at)


def _days_in_ar(one: ClaimFacts, window: Period, window_days: int) -> Tally | None:
    """Every open claim is in the numerator, however old; the window bounds only the charges."""
    charged_cents = one.charge_cents if window.has(one.submitted_at) else 0
    if not (charged_cents or one.outstanding_cents):
        return None
    return Tally(one.outstanding_cents * window_days, charged_cents)


def first_pass_denial_rate(facts: Iterable[ClaimFacts], period: Period) -> Kpi:
    """First-pass denials, also by denial bucket: denied claims of that bucket over all answered.

    A claim denied for two reasons counts in both buckets and once in the whole.
    """
    answered = [one for one in facts if _is_first_pass(one, period)]
    kpi = _measure(
        KpiName.FIRST_PASS_DENIAL_RATE,
        answered,
        lambda one: _ratio(holds=one.is_first_pass_denied),
    )
    by_bucket: defaultdict[str, int] = defaultdict(int)
    for one in answered:
        for bucket in {bucket for bucket, _cents in one.denied_by_bucket}:
            by_bucket[bucket] += 1
    buckets = {bucket: Tally(count, len(answered)) for bucket, count in sorted(by_bucket.items())}
    return Kpi(
        name=kpi.name,
        total=kpi.total,
        count=kpi.count,
        by_segment={**kpi.by_segment, Dimension.DENIAL_BUCKET: buckets},
    )


def measure_postings(facts: Iterable[PostingFacts], period: Period) -> tuple[Kpi, ...]:
    """The measures of remitted claims received in the period."""
    received = [one for one in facts if period.has(one.received_at)]
    return (
        _measure(KpiName.AUTO_MATCH_RATE, received, lambda one: _ratio(holds=one.is_matched)),
        _measure(
            KpiName.AUTO_POST_RATE,
            received,
            lambda one: _ratio(holds=one.posted_at is not None and not one.is_posted_by_person),
        ),
        _measure(
            KpiName.REMITTANCE_TO_POSTING,
            received,
            lambda one: _seconds_between(one.received_at, one.posted_at),
        ),
    )


def unmatched_by_cause(facts: Iterable[PostingFacts], period: Period) -> Mapping[str, int]:
    """How many remitted claims could not be matched, by cause."""
    causes: defaultdict[str, int] = defaultdict(int)
    for one in facts:
        if period.has(one.received_at) and not one.is_matched:
            causes[one.unmatched_cause or "not_stated"] += 1
    return dict(causes)


def measure_visits(facts: Iterable[VisitFacts], period: Period) -> tuple[Kpi, ...]:
    """The measures of appointments made, and visits held, in the period."""
    visits = tuple(facts)
    return (
        _measure(
            KpiName.ELIGIBILITY_SAME_DAY_RATE,
            visits,
            lambda one: (
                _ratio(holds=one.verified_on == one.scheduled_on)
                if period.has_day(one.scheduled_on)
                else None
            ),
        ),
        _measure(
            KpiName.ELIGIBILITY_FRESH_RATE,
            visits,
            lambda one: (
                _ratio(holds=one.was_fresh_at_service)
                if period.has_day(one.service_on) and one.was_fresh_at_service is not None
                else None
            ),
        ),
        _measure(
            KpiName.AUTHORIZATION_AT_SCHEDULING_RATE,
            visits,
            lambda one: (
                _ratio(holds=one.had_authorization_at_scheduling)
                if one.needs_authorization and period.has_day(one.scheduled_on)
                else None
            ),
        ),
    )


class TargetVerdict(StrEnum):
    """How a measure stands against its target."""

    MET = "met"
    MISSED = "missed"
    TOO_FEW = "too_few"
    NOT_MEASURED = "not_measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a measure should reach, from where it started, and how many facts make it count."""

    name: KpiName
    target: Fraction
    baseline: Fraction | None = None
    minimum_count: int = 30


def judge_target(kpi: Kpi, target: Target) -> TargetVerdict:
    """Compare a measure with its target, in the direction that is better for it."""
    if kpi.value is None:
        return TargetVerdict.NOT_MEASURED
    if kpi.count < target.minimum_count:
        return TargetVerdict.TOO_FEW
    higher = kpi.definition.is_better_when_higher
    met = kpi.value >= target.target if higher else kpi.value <= target.target
    return TargetVerdict.MET if met else TargetVerdict.MISSED
