"""Numbers on the wire: exact decimals, and exact cents or an error. Nothing is ever rounded."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

# X12 data element 782 (monetary amount) has at most 18 digits; sign and point are not counted.
_DIGITS_MAX = 18
_CENT = Decimal("0.01")


def decimal_of(text: str) -> Decimal:
    """Read an X12 R or N0 element exactly.

    Parameters
    ----------
    text
        Digits with an optional leading minus sign and decimal point, at most 18 digits.

    Raises
    ------
    ValueError
        For anything else, including what Python itself would take for a number: ``1E5``,
        ``NaN``, ``+1``, ``1_000``, surrounding blanks.
    """
    if text.strip("0123456789.-") or len(text) > _DIGITS_MAX + 2:
        raise ValueError("not_an_amount")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError("not_an_amount") from None


def cents_of(amount: Decimal) -> int:
    """Give an amount in whole cents.

    Raises
    ------
    ValueError
        When the amount has a fraction of a cent, which no ledger can hold.
    """
    cents = int(amount.scaleb(2))
    if cents * _CENT != amount:
        raise ValueError("fraction_of_a_cent")
    return cents


def cents_in(text: str, _separators: object = None) -> int:
    """Read an X12 amount as cents: `cents_of` of `decimal_of`, quicker for what payers write.

    Raises
    ------
    ValueError
        ``not_an_amount`` or ``fraction_of_a_cent``.
    """
    if text[-3:-2] == ".":
        digits = text.replace(".", "", 1)
    else:
        # Fewer than two decimals, or none.
        whole, _, fraction = text.partition(".")
        digits = f"{whole}{fraction:0<2}" if whole and len(fraction) < 2 else ""  # noqa: PLR2004
    if digits.isdecimal() and digits.isascii() and len(digits) <= _DIGITS_MAX:
        return int(digits)
    return cents_of(decimal_of(text))


def cents_text(cents: int) -> str:
    """Write cents as X12 wants them: no leading or trailing zeros, a point only if needed."""
    sign = "-" if cents < 0 else ""
    whole, fraction = divmod(abs(cents), 100)
    if not fraction:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{fraction:02d}".rstrip("0")


def decimal_text(value: Decimal) -> str:
    """Write a decimal without exponent, trailing zeros or a leading zero's ambiguity."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
