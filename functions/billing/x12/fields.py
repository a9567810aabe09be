"""The functions with which a loop declares its fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from .amounts import decimal_of
from .codecs import (
    adjustments_in,
    adjustments_out,
    cents_in,
    cents_out,
    components_in,
    components_out,
    contact_in,
    contact_out,
    day_in,
    day_of,
    day_out,
    decimal_in,
    decimal_out,
    element_of,
    health_codes_in,
    health_codes_out,
    integer_in,
    period_of,
    period_out,
    plain,
    procedure_of,
    procedure_out,
    provider_adjustments_in,
    provider_adjustments_out,
    repeats_in,
    repeats_out,
    status_in,
    status_out,
    text_of,
    wire,
)
from .descriptors import REQUIRED, Child, Draft, Field, Many, Where
from .separators import Separators
from .values import Dated, DatedPeriod, QualifiedAmount, QualifiedQuantity, Reference, Segment

if TYPE_CHECKING:
    from .loops import Loop


def text(
    segment: str,
    element: int,
    component: int = 0,
    *,
    where: Where | None = None,
    default: Any = REQUIRED,
    beside: tuple[tuple[int, str], ...] = (),
) -> Any:
    """Declare a text or code element: str, decoded from UTF-8 where the wire holds it.

    A default other than None is written when nothing is given; reading never supplies it.
    ``beside`` are constants written into the same segment, as (element, text).
    """
    return Field(
        segment,
        element,
        component,
        where=where,
        decode=text_of,
        encode=plain,
        expected="text",
        default=default,
        beside=beside,
    )


def cents(
    segment: str,
    element: int,
    component: int = 0,
    *,
    where: Where | None = None,
    default: Any = REQUIRED,
) -> Any:
    """Declare an amount of money: int, whole cents, or an error; never rounded."""
    return Field(
        segment,
        element,
        component,
        where=where,
        decode=cents_in,
        encode=cents_out,
        expected="a decimal amount of at most 18 digits, in whole cents",
        default=default,
    )


def decimal(
    segment: str,
    element: int,
    component: int = 0,
    *,
    where: Where | None = None,
    default: Any = REQUIRED,
    beside: tuple[tuple[int, str], ...] = (),
) -> Any:
    """Declare an exact decimal: a quantity, a rate, an amount with its wire precision."""
    return Field(
        segment,
        element,
        component,
        where=where,
        decode=decimal_in,
        encode=decimal_out,
        expected="a decimal number of at most 18 digits",
        default=default,
        beside=beside,
    )


def integer(
    segment: str,
    element: int,
    component: int = 0,
    *,
    where: Where | None = None,
    default: Any = REQUIRED,
) -> Any:
    """Declare a count: int, digits only."""
    return Field(
        segment,
        element,
        component,
        where=where,
        decode=integer_in,
        encode=str,
        expected="a whole number",
        default=default,
    )


def day(
    segment: str,
    element: int,
    component: int = 0,
    *,
    where: Where | None = None,
    default: Any = REQUIRED,
) -> Any:
    """Declare a day: date, CCYYMMDD on the wire."""
    return Field(
        segment,
        element,
        component,
        where=where,
        decode=day_in,
        encode=day_out,
        expected="a date CCYYMMDD",
        default=default,
    )


def procedure_at(
    segment: str,
    element: int,
    *,
    where: Where | None = None,
    default: Any = REQUIRED,
) -> Any:
    """Declare a composite procedure identifier: Procedure."""
    return Field(
        segment,
        element,
        0,
        where=where,
        decode=procedure_of,
        encode=procedure_out,
        expected="a procedure composite",
        default=default,
    )


def pointers(segment: str, element: int, *, default: Any = ()) -> Any:
    """Declare a composite of whole numbers (SV107 diagnosis pointers): tuple of int."""
    return Field(
        segment,
        element,
        0,
        where=None,
        decode=components_in,
        encode=components_out,
        expected="whole numbers as components",
        default=default,
    )


def repeats(segment: str, element: int, *, default: Any = ()) -> Any:
    """Declare a repeating element (EB03): tuple of str."""
    return Field(
        segment,
        element,
        0,
        where=None,
        decode=repeats_in,
        encode=repeats_out,
        expected="one or more codes",
        default=default,
    )


class PeriodField(Field):
    """A DTP date with its format element: the format (DTP02) is written beside the date."""

    __slots__ = ()

    def draft(self, draft: Draft, value: Any) -> None:
        """Write the date with its format before it."""
        if value is None:
            return
        form, written = period_out(value)
        draft.put(self.key, self.element - 1, 0, form)
        draft.put(self.key, self.element, 0, written)


def period(
    qualifier: str | tuple[str, ...], *, segment: str = "DTP", default: Any = REQUIRED
) -> Any:
    """Declare a DTP date or span (DTP03) by its qualifier (DTP01): Period."""
    return PeriodField(
        segment,
        3,
        0,
        where=(1, qualifier),
        decode=lambda text, _separators: period_of(text),
        encode=str,
        expected="a date CCYYMMDD or a span CCYYMMDD-CCYYMMDD",
        default=default,
    )


class FormattedDayField(Field):
    """A day with D8 in the element before it (DMG01, PAT05)."""

    __slots__ = ()

    def draft(self, draft: Draft, value: Any) -> None:
        """Write the date with its format before it."""
        if value is None:
            return
        draft.put(self.key, self.element - 1, 0, "D8")
        draft.put(self.key, self.element, 0, day_out(value))


def formatted_day(segment: str, element: int, *, default: Any = None) -> Any:
    """Declare a day preceded by its format D8 (DMG02 after DMG01): date."""
    return FormattedDayField(
        segment,
        element,
        0,
        where=None,
        decode=day_in,
        encode=day_out,
        expected="a date CCYYMMDD",
        default=default,
    )


def loop(
    kind: type[Loop],
    segment: str,
    where: Where | None = None,
    *,
    rank: int = 1,
    default: Any = REQUIRED,
) -> Any:
    """Declare one child loop by the segment that opens it.

    ``rank`` orders children: once a child of a higher rank has begun, lower ones cannot.
    """
    return Child(kind, segment, where, rank=rank, many=False, numbered=False, default=default)


def loops(
    kind: type[Loop],
    segment: str,
    where: Where | None = None,
    *,
    rank: int = 1,
    numbered: bool = False,
    default: Any = (),
) -> Any:
    """Declare all child loops of a kind; ``numbered`` writes 1, 2, 3 … as element 01 (LX01)."""
    return Child(kind, segment, where, rank=rank, many=True, numbered=numbered, default=default)


def _many(
    segment: str,
    decode: Callable[[list[str], Separators], Iterable[Any]],
    encode: Callable[[tuple[Any, ...]], Iterable[list[str]]],
    expected: str,
    only: Where | None = None,
) -> Any:
    return Many(segment, decode=decode, encode=encode, expected=expected, only=only)


def adjustments() -> Any:
    """Declare all CAS trios: tuple of Adjustment; one CAS per group when written."""
    return _many(
        "CAS",
        adjustments_in,
        adjustments_out,
        "trios of reason, amount and quantity (CAS02 to CAS19)",
    )


def references() -> Any:
    """Declare the REF segments that no field of their own names: tuple of Reference."""
    return _many(
        "REF",
        lambda e, s: (
            Reference(element_of(e, 1), text_of(element_of(e, 2), s), text_of(element_of(e, 3), s)),
        ),
        lambda values: (
            ["REF", wire(v.qualifier), wire(v.value), wire(v.description)] for v in values
        ),
        "a qualifier and a value",
    )


def periods() -> Any:
    """Declare the DTP segments that no field of their own names: tuple of DatedPeriod."""
    return _many(
        "DTP",
        lambda e, _s: (DatedPeriod(element_of(e, 1), period_of(element_of(e, 3))),),
        lambda values: (["DTP", wire(v.qualifier), *period_out(v.period)] for v in values),
        "a date CCYYMMDD or a span CCYYMMDD-CCYYMMDD",
    )


def dates() -> Any:
    """Declare the DTM segments that no field of their own names: tuple of Dated."""
    return _many(
        "DTM",
        lambda e, _s: (Dated(element_of(e, 1), day_of(element_of(e, 2))),),
        lambda values: (["DTM", wire(v.qualifier), day_out(v.day)] for v in values),
        "a date CCYYMMDD",
    )


def amounts() -> Any:
    """Declare the AMT segments that no field of their own names: tuple of QualifiedAmount."""
    return _many(
        "AMT",
        lambda e, _s: (QualifiedAmount(element_of(e, 1), decimal_of(element_of(e, 2))),),
        lambda values: (["AMT", wire(v.qualifier), decimal_out(v.amount)] for v in values),
        "a decimal amount of at most 18 digits",
    )


def quantities() -> Any:
    """Declare the QTY segments that no field of their own names: tuple of QualifiedQuantity."""
    return _many(
        "QTY",
        lambda e, _s: (QualifiedQuantity(element_of(e, 1), decimal_of(element_of(e, 2))),),
        lambda values: (["QTY", wire(v.qualifier), decimal_out(v.quantity)] for v in values),
        "a decimal number of at most 18 digits",
    )


def contacts() -> Any:
    """Declare the PER segments: tuple of Contact."""
    return _many("PER", contact_in, contact_out, "a contact")


def texts(segment: str, element: int, only: Where | None = None) -> Any:
    """Declare one element of every segment of a kind (LQ02, MSG01): tuple of str."""

    def written(values: tuple[str, ...]) -> Iterator[list[str]]:
        for value in values:
            elements = [segment, *[""] * element]
            if only is not None:
                elements[only[0]] = only[1] if isinstance(only[1], str) else only[1][0]
            elements[element] = wire(value)
            yield elements

    return _many(
        segment,
        lambda e, s: (text_of(element_of(e, element), s),) if element_of(e, element) else (),
        written,
        "text",
        only,
    )


def segments_of(segment: str) -> Any:
    """Declare all segments of a kind, uninterpreted: tuple of Segment."""
    return _many(
        segment,
        lambda e, s: (Segment(e[0], tuple(text_of(x, s) for x in e[1:])),),
        lambda values: ([v.id, *map(wire, v.elements)] for v in values),
        "a segment",
    )


def health_codes(*qualifiers: str) -> Any:
    """Declare the HI composites of segments that open with a qualifier: tuple of HealthCode."""
    return _many(
        "HI",
        health_codes_in,
        health_codes_out,
        "composites of qualifier and code",
        (1, qualifiers) if qualifiers else None,
    )


def provider_adjustments() -> Any:
    """Declare all PLB pairs: tuple of ProviderAdjustment; six pairs per PLB when written."""
    return _many(
        "PLB",
        provider_adjustments_in,
        provider_adjustments_out,
        "a provider, a date CCYYMMDD and pairs of reason and amount (PLB03 to PLB14)",
    )


def statuses() -> Any:
    """Declare the STC segments: tuple of StatusInformation."""
    return _many("STC", status_in, status_out, "status composites, dates and amounts")
