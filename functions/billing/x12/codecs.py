"""Values to elements and back: text, money, dates, and the segments that hold several values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import Any

from .amounts import cents_in as cents_in  # noqa: PLC0414 - for those who declare fields
from .amounts import cents_of, cents_text, decimal_of, decimal_text
from .descriptors import trimmed
from .errors import X12Error
from .separators import MODEL_SEPARATORS, Separators
from .values import (
    Adjustment,
    Contact,
    HealthCode,
    Period,
    Procedure,
    ProviderAdjustment,
    StatusCode,
    StatusInformation,
)

COMPONENT = MODEL_SEPARATORS.component
REPETITION = MODEL_SEPARATORS.repetition


def text_of(text: str, _separators: Separators) -> str:
    """Give text as people read it: the wire is taken as UTF-8 where it is that."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return text


def wire(value: str) -> str:
    """Give text as it goes on the wire, one character per byte."""
    if not isinstance(value, str):
        raise TypeError(f"expected str, got {type(value).__name__}")
    if value.isascii():
        if value.isprintable():
            return value
    elif all(character >= " " for character in value):
        return value.encode().decode("latin-1")
    raise X12Error("control_character", expected="text without control characters")


def plain(value: Any) -> str:
    """Write text as it is."""
    return wire(value)


def cents_out(value: int) -> str:
    """Write whole cents."""
    if type(value) is not int:
        raise TypeError(f"expected whole cents as int, got {type(value).__name__}")
    return cents_text(value)


def decimal_in(text: str, _separators: Separators) -> Decimal:
    """Read an exact decimal."""
    return decimal_of(text)


def decimal_out(value: Decimal | int) -> str:
    """Write an exact decimal; a float is refused."""
    if isinstance(value, float):
        raise TypeError("expected Decimal, got float")
    return decimal_text(Decimal(value))


def integer_in(text: str, _separators: Separators) -> int:
    """Read a whole number."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:  # noqa: PLR2004
        raise ValueError("not_a_whole_number")
    return int(text)


def day_of(text: str) -> date:
    """Read CCYYMMDD, or YYMMDD of the ISA segment (taken as 20YY).

    Raises
    ------
    ValueError
        ``not_a_date``.
    """
    if len(text) == 6:  # noqa: PLR2004
        text = "20" + text
    if len(text) == 8 and text.isdigit() and text.isascii():  # noqa: PLR2004
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise ValueError("not_a_date")


def day_in(text: str, _separators: Separators) -> date:
    """Read a day."""
    return day_of(text)


def day_out(value: date) -> str:
    """Write a day as CCYYMMDD."""
    return f"{value.year:04d}{value.month:02d}{value.day:02d}"


def period_of(text: str) -> Period:
    """Read a day or a span of days."""
    start, dash, end = text.partition("-")
    if not dash:
        # DT (CCYYMMDDHHMM) carries a time after the day; the time stays in the segment.
        day = day_of(start[:8])
        return Period(day, day)
    return Period(day_of(start), day_of(end))


def period_out(value: Period) -> tuple[str, str]:
    """Write a day or a span, its format first."""
    if value.start == value.end:
        return "D8", day_out(value.start)
    return "RD8", f"{day_out(value.start)}-{day_out(value.end)}"


def repeats_in(text: str, separators: Separators) -> tuple[str, ...]:
    """Cut a repeating element."""
    if not separators.repetition:
        return (text,)
    return tuple(text.split(separators.repetition))


def repeats_out(values: tuple[str, ...]) -> str:
    """Join a repeating element."""
    return REPETITION.join(wire(value) for value in values)


def procedure_of(text: str, separators: Separators) -> Procedure:
    """Read a composite procedure identifier."""
    return _procedure(text, separators.component)


# A file says the same few hundred procedures over and over.
@lru_cache(maxsize=1024)
def _procedure(text: str, cut: str) -> Procedure:
    parts = text.split(cut)
    return Procedure(
        qualifier=parts[0],
        code=element_of(parts, 1),
        modifiers=tuple(part for part in parts[2:6] if part),
        description=text_of(element_of(parts, 6), MODEL_SEPARATORS),
        code_end=element_of(parts, 7),
    )


def procedure_out(value: Procedure) -> str:
    """Write a composite procedure identifier."""
    if len(value.modifiers) > 4:  # noqa: PLR2004
        raise X12Error("too_many", expected="at most four modifiers")
    modifiers = [*value.modifiers, "", "", "", ""][:4]
    parts = [value.qualifier, value.code, *modifiers, value.description, value.code_end]
    return trimmed([wire(part) for part in parts], COMPONENT)


def components_in(text: str, separators: Separators) -> tuple[int, ...]:
    """Read whole numbers from components."""
    return tuple(integer_in(part, separators) for part in text.split(separators.component) if part)


def components_out(values: tuple[int, ...]) -> str:
    """Write whole numbers as components."""
    return COMPONENT.join(str(value) for value in values)


def element_of(elements: list[str], number: int) -> str:
    """Give an element, or nothing when the segment is shorter."""
    return elements[number] if number < len(elements) else ""


def adjustments_in(elements: list[str], _separators: Separators) -> list[Adjustment]:
    """Read a CAS segment's trios.

    Raises
    ------
    ValueError
        ``not_an_amount``, ``fraction_of_a_cent``, or ``incomplete_trio`` for a reason without
        amount and the reverse.
    """
    values = []
    count = len(elements)
    group = elements[1] if count > 1 else ""
    # The last trio may be cut short.
    elements = [*elements, "", ""]
    for at in range(2, count, 3):
        amount = elements[at + 1]
        if elements[at] and amount:
            value = decimal_of(amount)
            if "." in amount[:-3]:
                cents_of(value)
            quantity = elements[at + 2]
            counted = decimal_of(quantity) if quantity else None
            # As the class itself makes one, without the call between.
            values.append(_new(Adjustment, (group, elements[at], value, counted)))
        elif elements[at] or amount or elements[at + 2]:
            raise ValueError("incomplete_trio")
    return values


_new = tuple.__new__
_TRIOS_PER_CAS = 6


def adjustments_out(values: tuple[Adjustment, ...]) -> Iterator[list[str]]:
    """Write one CAS per group, with up to six trios: some payers refuse a group said twice."""
    groups: dict[str, list[Adjustment]] = {}
    for value in values:
        groups.setdefault(value.group, []).append(value)
    for group, trios in groups.items():
        for at in range(0, len(trios), _TRIOS_PER_CAS):
            elements = ["CAS", wire(group)]
            for trio in trios[at : at + _TRIOS_PER_CAS]:
                quantity = "" if trio.quantity is None else decimal_out(trio.quantity)
                elements += [wire(trio.reason), decimal_out(trio.amount), quantity]
            yield elements


def contact_in(elements: list[str], separators: Separators) -> Iterator[Contact]:
    """Read a PER segment."""
    numbers = tuple(
        (elements[at], text_of(element_of(elements, at + 1), separators))
        for at in range(3, min(len(elements), 9), 2)
        if elements[at]
    )
    yield Contact(element_of(elements, 1), text_of(element_of(elements, 2), separators), numbers)


def contact_out(values: tuple[Contact, ...]) -> Iterator[list[str]]:
    """Write PER segments."""
    for value in values:
        pairs = chain.from_iterable(value.numbers)
        yield ["PER", wire(value.function), wire(value.name), *map(wire, pairs)]


_HI_PER_SEGMENT = 12


def health_codes_in(elements: list[str], separators: Separators) -> Iterator[HealthCode]:
    """Read the composites of an HI segment."""
    for composite in elements[1:]:
        if composite:
            parts = composite.split(separators.component)
            yield HealthCode(
                parts[0],
                element_of(parts, 1),
                date_format=element_of(parts, 2),
                date=element_of(parts, 3),
                amount=decimal_of(parts[4]) if element_of(parts, 4) else None,
                present_on_admission=element_of(parts, 8),
            )


def health_code_out(value: HealthCode) -> str:
    """Write one HI composite."""
    amount = "" if value.amount is None else decimal_out(value.amount)
    parts = [value.qualifier, value.code, value.date_format, value.date, amount, "", "", ""]
    return trimmed([*map(wire, parts), wire(value.present_on_admission)], COMPONENT)


def health_codes_out(values: tuple[HealthCode, ...]) -> Iterator[list[str]]:
    """Write HI segments of at most twelve composites."""
    for at in range(0, len(values), _HI_PER_SEGMENT):
        yield ["HI", *map(health_code_out, values[at : at + _HI_PER_SEGMENT])]


def status_code_of(text: str, separators: Separators) -> StatusCode:
    """Read a status composite."""
    parts = text.split(separators.component)
    return StatusCode(parts[0], element_of(parts, 1), element_of(parts, 2))


def status_in(e: list[str], s: Separators) -> Iterator[StatusInformation]:
    """Read an STC segment."""
    if not element_of(e, 1):
        raise ValueError("missing_element")
    yield StatusInformation(
        codes=tuple(status_code_of(e[at], s) for at in (1, 10, 11) if element_of(e, at)),
        effective_on=day_of(e[2]) if element_of(e, 2) else None,
        action=element_of(e, 3),
        charge=decimal_of(e[4]) if element_of(e, 4) else None,
        paid=decimal_of(e[5]) if element_of(e, 5) else None,
        finalized_on=day_of(e[6]) if element_of(e, 6) else None,
        remitted_on=day_of(e[8]) if element_of(e, 8) else None,
        remittance_number=text_of(element_of(e, 9), s),
        message=text_of(element_of(e, 12), s),
    )


def status_code_out(code: StatusCode) -> str:
    """Write a status composite."""
    return trimmed([wire(code.category), wire(code.status), wire(code.entity)], COMPONENT)


def status_out(values: tuple[StatusInformation, ...]) -> Iterator[list[str]]:
    """Write STC segments."""
    for value in values:
        codes = [status_code_out(code) for code in value.codes]
        if not 1 <= len(codes) <= 3:  # noqa: PLR2004
            raise X12Error("too_many", expected="one to three status codes", segment_id="STC")
        codes += [""] * (3 - len(codes))
        yield [
            "STC",
            codes[0],
            "" if value.effective_on is None else day_out(value.effective_on),
            wire(value.action),
            "" if value.charge is None else decimal_out(value.charge),
            "" if value.paid is None else decimal_out(value.paid),
            "" if value.finalized_on is None else day_out(value.finalized_on),
            "",
            "" if value.remitted_on is None else day_out(value.remitted_on),
            wire(value.remittance_number),
            codes[1],
            codes[2],
            wire(value.message),
        ]


def provider_adjustments_in(e: list[str], s: Separators) -> Iterator[ProviderAdjustment]:
    """Read a PLB segment's pairs.

    Raises
    ------
    ValueError
        ``not_an_amount``, ``fraction_of_a_cent``, ``not_a_date`` or ``incomplete_pair``.
    """
    fiscal_year_end = day_of(element_of(e, 2))
    for at in range(3, len(e), 2):
        written, amount = e[at], element_of(e, at + 1)
        if written and amount:
            reason, _, reference = written.partition(s.component)
            value = decimal_of(amount)
            cents_of(value)
            yield ProviderAdjustment(
                text_of(e[1], s),
                fiscal_year_end,
                reason,
                text_of(reference, s),
                value,
            )
        elif written or amount:
            raise ValueError("incomplete_pair")


_PAIRS_PER_PLB = 6


def provider_adjustments_out(values: tuple[ProviderAdjustment, ...]) -> Iterator[list[str]]:
    """Write PLB segments of at most six pairs."""
    providers: dict[tuple[str, date], list[ProviderAdjustment]] = {}
    for value in values:
        providers.setdefault((value.provider_id, value.fiscal_year_end), []).append(value)
    for (provider_id, fiscal_year_end), pairs in providers.items():
        for at in range(0, len(pairs), _PAIRS_PER_PLB):
            elements = ["PLB", wire(provider_id), day_out(fiscal_year_end)]
            for pair in pairs[at : at + _PAIRS_PER_PLB]:
                composite = trimmed([wire(pair.reason), wire(pair.reference)], COMPONENT)
                elements += [composite, decimal_out(pair.amount)]
            yield elements
