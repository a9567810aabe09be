"""Money is integer cents. X12 amounts become cents exactly, or not at all."""

from decimal import Decimal

from functions.billing.domain.errors import MoneyError

CENTS_PER_DOLLAR = 100
_WHOLE = 100


def cents_from_decimal(amount: Decimal) -> int:
    """Exact cents of a dollar amount.

    Raises
    ------
    MoneyError
        If the amount is not finite or has a fraction of a cent: nothing is ever rounded.
    """
    if not amount.is_finite():
        raise MoneyError("amount_not_finite")
    scaled = amount * CENTS_PER_DOLLAR
    cents = int(scaled)
    if scaled != cents:
        raise MoneyError("amount_not_exact_cents")
    return cents


def decimal_from_cents(cents: int) -> Decimal:
    """Dollars with exactly two places, for the wire and for people."""
    return Decimal(cents).scaleb(-2)


def dollars(cents: int) -> str:
    """`$1,234.50`, `-$0.06`: for people."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${decimal_from_cents(abs(cents)):,.2f}"


def percent_of_cents(amount_cents: int, percent: int) -> int:
    """`percent` of an amount, half a cent rounded away from zero (as payers do)."""
    numerator = amount_cents * percent
    quotient, remainder = divmod(abs(numerator), _WHOLE)
    rounded = quotient + (1 if remainder * 2 >= _WHOLE else 0)
    return rounded if numerator >= 0 else -rounded
