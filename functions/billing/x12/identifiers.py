"""Identifiers that carry a check digit."""

from __future__ import annotations

_NPI_LENGTH = 10
# The Luhn sum of the prefix 80840, which an NPI carries in thought.
_PREFIX_SUM = 24


def is_npi(text: str) -> bool:
    """Say whether a text is a well-formed National Provider Identifier.

    Ten digits, the first 1 or 2, with a Luhn check digit over 80840 and the number. It says
    nothing of whether the number was ever given out.
    """
    if len(text) != _NPI_LENGTH or not text.isascii() or not text.isdigit() or text[0] not in "12":
        return False
    total = _PREFIX_SUM
    for at, digit in enumerate(reversed(text)):
        value = int(digit) * (1 + at % 2)
        total += value - 9 if value > 9 else value  # noqa: PLR2004
    return total % 10 == 0
