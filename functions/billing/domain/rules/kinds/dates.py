"""Dates: of birth, of service, of coverage, and the last day to file."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from functions.billing.domain.claims.content import ORIGINAL, ClaimContent
from functions.billing.domain.rules.facts import EligibilityState, ScrubFacts
from functions.billing.domain.rules.kinds.check import Check, Finding
from functions.billing.domain.rules.policy import add_months
from functions.billing.domain.rules.reading import Reader

MONTHS_A_YEAR = 12


def birth_date(parameters: Reader) -> Check:
    """Patient and subscriber were born by the day of service, within `age_limit_years`."""
    limit = parameters.integer("age_limit_years", minimum=1)

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        subscriber = claim.coverage.subscriber if claim.coverage else None
        people = (("patient", claim.patient), ("coverage.subscriber", subscriber))
        for path, person in people:
            if person is None:
                continue
            born = person.birth_date
            too_old = add_months(born, limit * MONTHS_A_YEAR) <= claim.service_from
            # A newborn is born on the day of service.
            if too_old or born > claim.service_from:
                yield Finding(
                    f"{path}.birth_date", f"by the day of service, within {limit} years of it"
                )

    return check


def service_not_in_future(parameters: Reader) -> Check:
    """No service is dated after the day of submission."""
    del parameters

    def check(claim: ClaimContent, facts: ScrubFacts) -> Iterable[Finding]:
        for position, line in enumerate(claim.lines):
            if line.service_date > facts.submitted_on:
                yield Finding(f"lines[{position}].service_date", "not after the day of submission")
        if claim.service_to > facts.submitted_on:
            yield Finding("service_to", "not after the day of submission")

    return check


def service_span(parameters: Reader) -> Check:
    """The span runs forward, and every line lies within it."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        if claim.service_from > claim.service_to:
            yield Finding("service_from", "not after service_to")
        for position, line in enumerate(claim.lines):
            if not claim.service_from <= line.service_date <= claim.service_to:
                yield Finding(f"lines[{position}].service_date", "within the claim's service dates")

    return check


def coverage_dates(parameters: Reader) -> Check:
    """Every service lies within the coverage's own dates, when it has any."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        cover = claim.coverage
        if cover is None:
            return
        if cover.starts_on is not None and claim.service_from < cover.starts_on:
            yield Finding("coverage.starts_on", "on or before the first service")
        if cover.ends_on is not None and claim.service_to > cover.ends_on:
            yield Finding("coverage.ends_on", "on or after the last service")

    return check


def eligibility_state(parameters: Reader) -> Check:
    """The newest eligibility answer is none of `states`."""
    states = frozenset(parameters.texts("states"))
    unknown = states - {state.value for state in EligibilityState}
    if unknown:
        raise parameters.error("states", "holds a word that is not an eligibility state")

    def check(claim: ClaimContent, facts: ScrubFacts) -> Iterable[Finding]:
        if claim.coverage is not None and facts.eligibility.state.value in states:
            yield Finding("coverage", "a coverage the payer confirmed as active")

    return check


def eligibility_age(parameters: Reader) -> Check:
    """The newest check is no older at the day of service than the payer's policy lets it be."""
    del parameters

    def check(claim: ClaimContent, facts: ScrubFacts) -> Iterable[Finding]:
        checked_at, policy = facts.eligibility.checked_at, facts.policy
        if checked_at is None or policy is None:
            return
        service_at = datetime.combine(claim.service_from, time.min, tzinfo=UTC)
        freshness = policy.freshness_of(in_grace_period=facts.eligibility.in_grace_period)
        if service_at - checked_at > timedelta(hours=freshness.ttl_hours):
            yield Finding("coverage", f"a check within {freshness.ttl_hours} hours of the service")

    return check


def timely_filing(parameters: Reader) -> Check:
    """An original claim is sent by the payer's last day; with `warning`, well before it."""
    warning = parameters.flag("warning")

    def check(claim: ClaimContent, facts: ScrubFacts) -> Iterable[Finding]:
        if facts.policy is None or claim.frequency != ORIGINAL:
            return
        filing = facts.policy.filing
        decided = [one.adjudicated_on for one in claim.other_payments if one.adjudicated_on]
        last_day = filing.deadline(claim.service_from, claim.service_to, max(decided, default=None))
        days_left = (last_day - facts.submitted_on).days
        if days_left < 0 and not warning:
            yield Finding("service_from", "sent within the payer's filing limit")
        if warning and 0 <= days_left <= filing.warning_days:
            yield Finding(
                "service_from", f"sent more than {filing.warning_days} days before the limit"
            )

    return check
