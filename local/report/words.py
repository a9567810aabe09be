"""Figures and codes as people read them."""

from collections.abc import Mapping

# The nine classes of denials, and the two ways of not having one.
DENIAL_CLASSES: Mapping[str, str] = {
    "eligibility": "Coverage not in force",
    "authorization": "No authorization",
    "coding": "Coding",
    "bundling": "Bundled with another service",
    "timely_filing": "Filed too late",
    "duplicate": "Duplicate billing",
    "duplicate_billing": "Duplicate billing",
    "cob": "Another payer comes first",
    "coordination_of_benefits": "Another payer comes first",
    "demographic": "Patient data do not match",
    "demographic_mismatch": "Patient data do not match",
    "payer_edit": "Payer's own rule",
    "payer_specific_edit": "Payer's own rule",
    "unmapped": "Not in the table",
}

QUEUES: Mapping[str, str] = {
    "front_desk": "Front desk",
    "authorization": "Authorizations",
    "coding": "Coding",
    "billing": "Billing",
    "credentialing": "Credentialing",
    "finance": "Finance",
    "engineering": "Engineering",
}

STATES: Mapping[str, str] = {
    "staged": "assembled",
    "held": "held by our own checks",
    "awaiting_approval": "waiting for a second person",
    "validated": "ready to send",
    "submitting": "being sent",
    "outcome_unknown": "sent, outcome not known",
    "submitted": "sent",
    "accepted": "accepted by the payer, not yet answered",
    "rejected": "rejected at the front door",
    "adjudicated": "answered by the payer, money open",
    "closed": "settled",
    "void": "void",
}


APPEALS: Mapping[str, str] = {
    "overturned": "won",
    "upheld": "lost",
    "upheld_next_level": "lost at one level",
    "upheld_final": "lost for good",
    "with_the_payer": "with the payer",
    "ready": "ready for a person to send",
    "opened": "documents are missing",
}

MEASURES: Mapping[str, str] = {"days_in_ar": "Days in A/R"}


COVERAGE_STANDINGS: Mapping[str, str] = {
    "confirmed": "confirmed active",
    "inactive": "inactive",
    "stale": "active by a stale answer",
    "undetermined": "undetermined: the payer said neither yes nor no",
    "unanswered": "unconfirmed: the payer did not answer the newest check",
    "never_checked": "never checked",
}
"""How far what is known of a coverage can be relied on."""


def short_dollars(cents: int) -> str:
    """Dollars where room is scarce: `$950`, `$12.4k`, `$1.25M`."""
    sign = "-" if cents < 0 else ""
    amount = abs(cents) / 100
    if amount >= 1_000_000:  # noqa: PLR2004 - a million
        return f"{sign}${amount / 1_000_000:.2f}M"
    if amount >= 10_000:  # noqa: PLR2004 - below it the exact figure is short enough
        return f"{sign}${amount / 1_000:.1f}k"
    return f"{sign}${amount:,.0f}"


def sentence(code: str) -> str:
    """A code as words: `timely_filing_expired` → `Timely filing expired`."""
    words = code.replace("_", " ").replace(".", " ").strip()
    return words[:1].upper() + words[1:]


def denial_class(bucket: str) -> str:
    """A denial class in words."""
    return DENIAL_CLASSES.get(bucket, sentence(bucket))


def queue(name: str) -> str:
    """A work queue in words."""
    return QUEUES.get(name, sentence(name))


def state(name: str) -> str:
    """A claim's state in words."""
    return STATES.get(name, sentence(name).lower())


def count_of(number: int, one: str, many: str = "") -> str:
    """`1 claim`, `3 claims`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def measure(value: float | None, unit: str) -> str:
    """A measure with its unit, or a dash where nothing could be measured."""
    if value is None:
        return "–"
    match unit:
        case "ratio":
            return f"{value * 100:.1f} %"
        case "seconds":
            return duration(value)
        case "days":
            return f"{value:.1f} days"
        case "usd":
            return f"${value:.6f}"
        case _:
            return f"{value:,.2f}"


def duration(seconds: float) -> str:
    """Seconds as people say them: `45 s`, `2.5 min`, `3.1 h`, `4.0 days`."""
    minute, hour, day = 60, 3600, 86400
    if seconds < 2 * minute:
        return f"{seconds:.0f} s"
    if seconds < 2 * hour:
        return f"{seconds / minute:.1f} min"
    if seconds < 2 * day:
        return f"{seconds / hour:.1f} h"
    return f"{seconds / day:.1f} days"


DESTINATIONS: Mapping[str, str] = {
    "claims": "applied to claims",
    "credit_balances": "held as credit balances",
    "unapplied_remittance": "unapplied: waits for a person",
    "payer_recoupment": "taken back by the payer (WO, 72)",
    "payer_forward_balance": "carried between payments (FB)",
    "payer_advance": "advanced, or repaid (AP, AM)",
    "interest_income": "interest (L6)",
    "other_payer_income": "other income from the payer",
    "payer_withholding": "withheld: tax, levy, withhold",
    "payer_fee": "fees and penalties",
    "provider_level_adjustment": "other provider-level adjustment",
}


def destination(name: str) -> str:
    """Where a part of a payment went, in words."""
    return DESTINATIONS.get(name, sentence(name).lower())
