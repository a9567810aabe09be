"""Is it this person, is it still fresh, has it changed (X12 270/271)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from functions.billing.domain.eligibility.benefits import BenefitChoice, choose_benefit
from functions.billing.domain.eligibility.records import (
    BenefitKind,
    BenefitPeriod,
    CoverageState,
    EligibilityResult,
    MatchQuality,
    MemberField,
)
from functions.billing.domain.money import dollars

_DECEMBER = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberIdentity:
    """A member as asked for, or as the payer returned them; empty fields were not given."""

    member_id: str = field(default="", repr=False)
    family: str = field(default="", repr=False)
    given: str = field(default="", repr=False)
    birth_date: date | None = field(default=None, repr=False)
    is_dependent: bool = False


@dataclass(frozen=True, slots=True)
class MemberMatch:
    """How well two identities agree, and what the payer has otherwise than we."""

    quality: MatchQuality
    corrected_fields: tuple[MemberField, ...] = ()


def match_quality(asked: MemberIdentity, returned: MemberIdentity | None) -> MemberMatch:
    """Compare the member asked for with the one returned; None when the payer found nobody.

    Letter case, spaces and punctuation do not count as differences; a field that the payer did not
    return is not a correction, but leaves the match partial.
    """
    if returned is None:
        return MemberMatch(MatchQuality.NONE)
    ours, theirs = _comparable(asked), _comparable(returned)
    corrected = tuple(name for name in MemberField if theirs[name] and ours[name] != theirs[name])
    if corrected:
        return MemberMatch(MatchQuality.PAYER_CORRECTED, corrected)
    if not any(theirs.values()):
        return MemberMatch(MatchQuality.NONE)
    if not all(theirs.values()):
        return MemberMatch(MatchQuality.PARTIAL)
    if returned.is_dependent:
        return MemberMatch(MatchQuality.DEPENDENT_MATCH)
    return MemberMatch(MatchQuality.EXACT)


def _comparable(member: MemberIdentity) -> dict[MemberField, str]:
    return {
        MemberField.MEMBER_ID: _letters_and_digits(member.member_id),
        MemberField.FAMILY: _letters_and_digits(member.family),
        MemberField.GIVEN: _letters_and_digits(member.given),
        MemberField.BIRTH_DATE: member.birth_date.isoformat() if member.birth_date else "",
    }


def _letters_and_digits(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum())


def expires_at(result: EligibilityResult, ttl_hours: int) -> datetime:
    """When an answer stops being trusted: its TTL, but never past its service month.

    Coverage starts and ends with months, so an answer about March says nothing in April.
    """
    by_ttl = result.checked_at + timedelta(hours=ttl_hours)
    after_month = _first_of_next_month(result.service_date)
    month_ends = datetime.combine(after_month, time.min, tzinfo=result.checked_at.tzinfo)
    return min(by_ttl, month_ends)


def _first_of_next_month(day: date) -> date:
    if day.month == _DECEMBER:
        return date(day.year + 1, 1, 1)
    return date(day.year, day.month + 1, 1)


def may_stand_for(
    result: EligibilityResult, *, fresh_until: datetime | None, now: datetime, service_date: date
) -> bool:
    """Whether a stored answer may stand for a new check.

    Not if it decided nothing, is no longer fresh (any coverage event takes its freshness), is about another month than
    the service's, or its plan ends before the service.
    """
    if not result.is_decisive or fresh_until is None or now >= fresh_until:
        return False
    plan_ended = result.plan_ends_on is not None and result.plan_ends_on < service_date
    if plan_ended and result.state is CoverageState.ACTIVE:
        return False
    return result.is_about_month_of(service_date)


class Standing(StrEnum):
    """How far what is known of a coverage can be relied on, for one day of service."""

    CONFIRMED = "confirmed"
    """The payer said active, and the answer was fresh at the service."""
    INACTIVE = "inactive"
    STALE = "stale"
    """The payer said active, but longer before the service than its policy trusts."""
    UNDETERMINED = "undetermined"
    """The payer answered, and said neither yes nor no."""
    UNANSWERED = "unanswered"
    """The payer did not answer the newest check."""
    NEVER_CHECKED = "never_checked"


def standing(
    result: EligibilityResult | None,
    *,
    ttl_hours: int,
    service_date: date,
    unanswered_since: datetime | None = None,
) -> Standing:
    """Put what is known of a coverage into one word; `result` is the newest answer about the month of service."""
    if result is not None and result.state is CoverageState.INACTIVE:
        return Standing.INACTIVE
    if unanswered_since is not None:
        return Standing.UNANSWERED
    if result is None:
        return Standing.NEVER_CHECKED
    if not result.is_decisive:
        return Standing.UNDETERMINED
    day_begins = datetime.combine(service_date, time.min, tzinfo=result.checked_at.tzinfo)
    too_early = day_begins - result.checked_at > timedelta(hours=ttl_hours)
    return Standing.STALE if too_early else Standing.CONFIRMED


class ChangeKind(StrEnum):
    """What became different between two answers."""

    COVERAGE_STATE = "coverage_state"
    PLAN = "plan"
    PLAN_DATES = "plan_dates"
    OTHER_PAYER = "other_payer"
    AUTHORIZATION = "authorization"
    MEMBER_CORRECTED = "member_corrected"
    COPAY = "copay"
    COINSURANCE = "coinsurance"
    DEDUCTIBLE_REMAINING = "deductible_remaining"

    @property
    def in_words(self) -> str:
        """As people at the desk say it."""
        return self.replace("_", " ")


_ALERTING = frozenset(
    {
        ChangeKind.COVERAGE_STATE,
        ChangeKind.PLAN,
        ChangeKind.PLAN_DATES,
        ChangeKind.OTHER_PAYER,
        ChangeKind.AUTHORIZATION,
        ChangeKind.MEMBER_CORRECTED,
        ChangeKind.COPAY,
    }
)
"""What front desk and billing must know; the rest only renews the patient's estimate."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference, in words without protected health information."""

    kind: ChangeKind
    before: str
    after: str

    @property
    def needs_alert(self) -> bool:
        """Whether somebody must act before the encounter closes."""
        return self.kind in _ALERTING

    @property
    def is_recovery(self) -> bool:
        """The coverage is active again: good news, and no work by itself."""
        return self.kind is ChangeKind.COVERAGE_STATE and self.after == CoverageState.ACTIVE

    @property
    def in_words(self) -> str:
        """Before and after, for those who must act."""
        return f"{self.kind.in_words}: {self.before or 'none'} -> {self.after or 'none'}"


_AT_THE_DESK: Mapping[ChangeKind, str] = {
    ChangeKind.COVERAGE_STATE: "ask the patient for other insurance, or agree on self-pay, before the visit",
    ChangeKind.PLAN: "take the new card; update the plan in the registration",
    ChangeKind.PLAN_DATES: "compare the plan's dates with the visit; update the registration",
    ChangeKind.OTHER_PAYER: "ask the patient which insurance pays first; register the other one",
    ChangeKind.AUTHORIZATION: "tell referrals that the payer's wish for an authorization changed",
    ChangeKind.MEMBER_CORRECTED: "correct the member's data as the payer has them",
    ChangeKind.COPAY: "tell the patient the new copay",
}
_IN_BILLING: Mapping[ChangeKind, str] = {
    ChangeKind.COVERAGE_STATE: "bill nobody by this coverage until another is registered or it is active again",
    ChangeKind.PLAN: "check that contract and payer policy fit the new plan",
    ChangeKind.PLAN_DATES: "check that the service lies within the plan's dates before the claim leaves",
    ChangeKind.OTHER_PAYER: "settle the order of payers before the claim leaves",
    ChangeKind.AUTHORIZATION: "hold the claim until the authorization is there, if one is wanted now",
    ChangeKind.MEMBER_CORRECTED: "see that the claim carries the member's data as the payer has them",
    ChangeKind.COPAY: "renew the patient's estimate",
}


def advice_at_the_desk(changes: Iterable[Change]) -> str:
    """What the front desk does before the encounter closes."""
    return "; ".join(dict.fromkeys(_AT_THE_DESK[change.kind] for change in changes))


def advice_in_billing(changes: Iterable[Change]) -> str:
    """What billing does before the claim leaves."""
    return "; ".join(dict.fromkeys(_IN_BILLING[change.kind] for change in changes))


def coverage_changed(before: EligibilityResult, after: EligibilityResult) -> tuple[Change, ...]:
    """What a newer answer says otherwise than an older one.

    An answer that decided nothing changes nothing: an outage is not a loss of coverage, and its
    recovery is not a gain. So an undetermined answer on either side gives no change. Benefits are
    compared where both answers say active: of a coverage that ended nobody needs to hear that it has no copay now.
    """
    if CoverageState.UNDETERMINED in {before.state, after.state}:
        return ()
    pairs: tuple[tuple[ChangeKind, str, str], ...] = (
        (ChangeKind.COVERAGE_STATE, before.state.value, after.state.value),
        (ChangeKind.PLAN, before.plan_name, after.plan_name),
        (ChangeKind.PLAN_DATES, _plan_dates(before), _plan_dates(after)),
        (ChangeKind.OTHER_PAYER, _other_payers(before), _other_payers(after)),
        (ChangeKind.MEMBER_CORRECTED, _corrected(before), _corrected(after)),
    )
    if before.state is after.state is CoverageState.ACTIVE:
        pairs += tuple(
            (kind, old, new)
            for (kind, old), (_, new) in zip(_benefits(before), _benefits(after), strict=True)
        )
    return tuple(Change(kind, old, new) for kind, old, new in pairs if old != new)


def _benefits(result: EligibilityResult) -> tuple[tuple[ChangeKind, str], ...]:
    remaining = BenefitPeriod.REMAINING
    return (
        (ChangeKind.AUTHORIZATION, _yes_no(value=result.authorization_required)),
        (ChangeKind.COPAY, _benefit(result, BenefitKind.COPAY)),
        (ChangeKind.COINSURANCE, _benefit(result, BenefitKind.COINSURANCE)),
        (
            ChangeKind.DEDUCTIBLE_REMAINING,
            _benefit(result, BenefitKind.DEDUCTIBLE, remaining),
        ),
    )


def _plan_dates(result: EligibilityResult) -> str:
    starts, ends = result.plan_starts_on, result.plan_ends_on
    said = (f"from {starts}" if starts else "", f"until {ends}" if ends else "")
    return " ".join(filter(None, said)) or "open"


def _other_payers(result: EligibilityResult) -> str:
    return ",".join(sorted(one.payer_identifier for one in result.other_payers))


def _corrected(result: EligibilityResult) -> str:
    return ",".join(sorted(result.corrected_fields))


def _yes_no(*, value: bool | None) -> str:
    if value is None:
        return "unknown"
    return "yes" if value else "no"


def _benefit(
    result: EligibilityResult, kind: BenefitKind, period: BenefitPeriod | None = None
) -> str:
    found: BenefitChoice = choose_benefit(
        result.benefits, kind, service_type=result.service_type, period=period
    )
    if found.benefit is None:
        return found.why_not.replace("_", " ")
    if found.benefit.rate is not None:
        return f"{found.benefit.rate * 100:.4g} %"
    return (
        "not stated" if found.benefit.amount_cents is None else dollars(found.benefit.amount_cents)
    )
