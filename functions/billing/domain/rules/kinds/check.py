"""What every kind of rule has in common."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.rules.facts import ScrubFacts
from functions.billing.domain.rules.reading import Reader


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a claim breaks a rule.

    `expected` says what the rule wanted, out of the rule's own data: it never repeats what the
    claim holds, because findings travel further than claims.
    """

    field_path: str
    expected: str = ""


Check = Callable[[ClaimContent, ScrubFacts], Iterable[Finding]]
"""Judges one claim: everything it finds, nothing when the claim passes."""

Kind = Callable[[Reader], Check]
"""Reads a rule's parameters once and gives the check.

Raises `RuleSetError` when a parameter is missing, unknown or malformed.
"""
