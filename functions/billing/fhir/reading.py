"""Typed access to untrusted FHIR JSON: what is not as FHIR says reads as absent, never as an error.

Callers decide whether an absence matters, and report it with the path and what was expected.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from functions.billing.domain.errors import MoneyError
from functions.billing.domain.money import cents_from_decimal

Node = Mapping[str, Any]

EMPTY: Node = MappingProxyType({})

# Larger numbers are typing errors, and 1E+999999 would fill the memory as an integer.
_LARGEST_NUMBER = Decimal(10**9)

_FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(T.*)?", re.ASCII)


def node(value: object) -> Node:
    """A JSON object, or an empty one."""
    return value if isinstance(value, Mapping) else EMPTY


def nodes(value: object) -> tuple[Node, ...]:
    """The objects of a JSON array; anything else in it, or instead of it, is absent."""
    if not isinstance(value, list):
        return ()
    return tuple(item for item in value if isinstance(item, Mapping))


def text(value: object) -> str:
    """A printable string with single blanks, or an empty one."""
    if not isinstance(value, str):
        return ""
    plain = " ".join(value.split())
    return plain if plain.isprintable() else ""


def texts(value: object) -> tuple[str, ...]:
    """The non-empty strings of a JSON array."""
    if not isinstance(value, list):
        return ()
    return tuple(found for item in value if (found := text(item)))


def identifier(value: object) -> str:
    """A FHIR id (letters, digits, hyphen, point; at most 64), or an empty string."""
    found = value if isinstance(value, str) else ""
    return found if _FHIR_ID.fullmatch(found) else ""


def number(value: object) -> Decimal | None:
    """An exact number of ordinary size. Binary floats are refused: they have lost the cents."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    found = Decimal(value)
    return found if found.is_finite() and abs(found) < _LARGEST_NUMBER else None


def whole_number(value: object) -> int | None:
    """An integer, also when written as 2.0."""
    found = number(value)
    return int(found) if found is not None and found == found.to_integral_value() else None


def money_cents(value: object) -> int | None:
    """Exact cents of a FHIR Money in US dollars, or None for another currency or broken cents."""
    money = node(value)
    amount = number(money.get("value"))
    if amount is None or money.get("currency", "USD") != "USD":
        return None
    try:
        return cents_from_decimal(amount)
    except MoneyError:
        return None


def calendar_date(value: object) -> date | None:
    """The calendar date of a FHIR date, dateTime or instant, as its source wrote it.

    The zone offset is not applied: it says which clock the source read, and a date of service is
    the date on the clock where the service was given. Year or year-month alone is not a date.
    """
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        return date.fromisoformat(match[1])
    except ValueError:
        return None


def moment(value: object) -> datetime | None:
    """A point in time; without a zone there is none."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def period_start(value: object) -> date | None:
    """First day of a FHIR Period."""
    return calendar_date(node(value).get("start"))


def period_end(value: object) -> date | None:
    """Last day of a FHIR Period."""
    return calendar_date(node(value).get("end"))


def codings(concept: object) -> Iterator[tuple[str, str]]:
    """The (system, code) pairs of a CodeableConcept, in order; a pair without code is skipped."""
    for coding in nodes(node(concept).get("coding")):
        if code := text(coding.get("code")):
            yield text(coding.get("system")), code


def has_code(concept: object, *codes: str) -> bool:
    """Whether any coding carries one of the codes, whatever its system."""
    return any(code in codes for _, code in codings(concept))


def positions(value: object) -> tuple[int, ...]:
    """The positive integers of a JSON array, such as `diagnosisSequence`."""
    if not isinstance(value, list):
        return ()
    return tuple(found for item in value if (found := whole_number(item)) is not None and found > 0)
