"""Whether a remittance adds up, at its three levels (X12 835 005010X221A1 §1.10.2).

Only charges, payments and adjustments take part; AMT, QTY, MIA, MOA, TS2 and TS3 never do.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from functions.billing.domain.remittance.records import (
    BalanceDifference,
    RemittanceHeader,
    RemittedClaim,
    RemittedLine,
)

NO_MONEY_STATUSES = frozenset({"23", "25"})
"""CLP02 23 (not our claim, forwarded) and 25 (predetermination) move no money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imbalance:
    """By how much a payment is out of balance at each of its three levels, in cents, and in how many places.

    Amounts of a level are added without their signs: an error up and one down do not make it right.
    """

    lines: int = 0
    line_cents: int = 0
    claims: int = 0
    claim_cents: int = 0
    transactions: int = 0
    transaction_cents: int = 0

    def with_differences(self, found: Iterable[BalanceDifference]) -> Self:
        """These differences as well."""
        places = {"line": self.lines, "claim": self.claims, "transaction": self.transactions}
        cents = {
            "line": self.line_cents,
            "claim": self.claim_cents,
            "transaction": self.transaction_cents,
        }
        for one in found:
            places[one.level] += 1
            cents[one.level] += abs(one.difference_cents)
        return type(self)(
            lines=places["line"],
            line_cents=cents["line"],
            claims=places["claim"],
            claim_cents=cents["claim"],
            transactions=places["transaction"],
            transaction_cents=cents["transaction"],
        )

    @property
    def is_balanced(self) -> bool:
        """Nothing differs at any level."""
        return not (self.lines or self.claims or self.transactions)

    @property
    def levels(self) -> tuple[str, ...]:
        """The three differences in words: `line: 2 places, 300 cents`."""
        return (
            _in_words("line", self.lines, self.line_cents),
            _in_words("claim", self.claims, self.claim_cents),
            _in_words("transaction", self.transactions, self.transaction_cents),
        )


def _in_words(level: str, places: int, cents: int) -> str:
    return f"{level}: {places} place{'' if places == 1 else 's'}, {cents} cents"


def line_difference(line: RemittedLine, *, place: str) -> BalanceDifference | None:
    """SVC02 less its CAS amounts is SVC03, or the difference."""
    expected_cents = line.charge_cents - sum(one.amount_cents for one in line.adjustments)
    if expected_cents == line.paid_cents:
        return None
    return BalanceDifference("line", place, expected_cents, line.paid_cents)


def claim_differences(claim: RemittedClaim) -> tuple[BalanceDifference, ...]:
    """Everything in one claim payment that does not add up.

    CLP03 less all CAS amounts is CLP04; each line balances; the lines' charges make up CLP03; and
    a claim status that moves no money pays nothing.
    """
    place = f"CLP {claim.ordinal}"
    found: list[BalanceDifference] = []
    for line in claim.lines:
        difference = line_difference(line, place=f"{place} SVC {line.ordinal}")
        if difference:
            found.append(difference)
    adjusted_cents = sum(one.amount_cents for one in claim.adjustments) + sum(
        one.amount_cents for line in claim.lines for one in line.adjustments
    )
    expected_cents = claim.charge_cents - adjusted_cents
    if expected_cents != claim.paid_cents:
        found.append(BalanceDifference("claim", place, expected_cents, claim.paid_cents))
    line_charges_cents = sum(line.charge_cents for line in claim.lines)
    if claim.lines and line_charges_cents != claim.charge_cents:
        found.append(
            BalanceDifference("claim", f"{place} lines", claim.charge_cents, line_charges_cents)
        )
    if claim.claim_status in NO_MONEY_STATUSES and claim.paid_cents:
        found.append(
            BalanceDifference("claim", f"{place} status {claim.claim_status}", 0, claim.paid_cents)
        )
    return tuple(found)


def transaction_difference(
    header: RemittanceHeader, claims_paid_cents: int
) -> BalanceDifference | None:
    """Σ CLP04 less Σ PLB amounts is BPR02, or the difference.

    Takes the sum rather than the claims, so that a file of any size is checked as it streams.
    """
    adjusted_cents = sum(one.amount_cents for one in header.provider_adjustments)
    expected_cents = claims_paid_cents - adjusted_cents
    if expected_cents == header.total_paid_cents:
        return None
    return BalanceDifference(
        "transaction",
        f"ST {header.transaction_control_number}",
        expected_cents,
        header.total_paid_cents,
    )


def remittance_differences(
    header: RemittanceHeader, claims: Iterable[RemittedClaim]
) -> tuple[BalanceDifference, ...]:
    """All differences of one ST…SE, lines and claims first. Empty: it may be posted."""
    found: list[BalanceDifference] = []
    paid_cents = 0
    for claim in claims:
        found.extend(claim_differences(claim))
        paid_cents += claim.paid_cents
    whole = transaction_difference(header, paid_cents)
    return (*found, whole) if whole else tuple(found)
