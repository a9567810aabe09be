"""Loops: models that *are* their segments.

A loop holds the segments it was read from, in wire order, and its named fields read them when
asked. So nothing can get lost: a segment or element that no field names is still there, is
counted and is written back in its place. A loop made in memory from named fields builds its
segments once, in the order in which the fields are declared.

A subclass declares each field with one of the functions below::

    class ServiceLine(Loop):
        charge_cents: int = cents("SV1", 2)
        line_control_number: str | None = text("REF", 2, where=(1, "6R"), default=None)

and gets a keyword-only constructor that type checkers understand.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform

from .amounts import cents_of, cents_text, decimal_of, decimal_text
from .errors import X12Error
from .separators import MODEL_SEPARATORS, Separators
from .values import (
    Adjustment,
    Contact,
    Dated,
    DatedPeriod,
    HealthCode,
    Period,
    Procedure,
    ProviderAdjustment,
    QualifiedAmount,
    QualifiedQuantity,
    Reference,
    Segment,
    StatusCode,
    StatusInformation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_ELEMENT = MODEL_SEPARATORS.element
_COMPONENT = MODEL_SEPARATORS.component
_REPETITION = MODEL_SEPARATORS.repetition
_REQUIRED: Any = object()

Where = tuple[int, str | tuple[str, ...]]
"""An element and the text, or texts, that mark the segment meant: (1, "6R") for REF*6R."""


class Trace:
    """The file, interchange (ISA13), group (GS06) and transaction (ST02) of a loop."""

    __slots__ = ("file", "group", "interchange", "transaction")

    def __init__(self, file: str, interchange: str, group: str, transaction: str) -> None:
        self.file = file
        self.interchange = interchange
        self.group = group
        self.transaction = transaction


class Origin:
    """Where a loop was read, so that an error in it can be placed exactly.

    Attributes
    ----------
    trace
        File, interchange, group and transaction.
    segment_number
        The loop's first segment within its transaction, ST being 1.
    byte_start
        That segment's first byte in the file.
    stride
        Bytes of terminator and line break after each segment.
    offsets
        Byte of each segment and of the end, where line breaks are irregular; None where
        ``stride`` suffices.
    ordinal
        The claim's place among its transaction's claims, from 1; 0 for other loops.
    within
        The loop around this one that was read apart from it (an 835 claim's LX loop).
    """

    __slots__ = (
        "byte_start",
        "offsets",
        "ordinal",
        "segment_number",
        "stride",
        "trace",
        "within",
    )

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        trace: Trace,
        segment_number: int,
        byte_start: int,
        stride: int,
        offsets: list[int] | None = None,
        ordinal: int = 0,
        within: Loop | None = None,
    ) -> None:
        self.trace = trace
        self.segment_number = segment_number
        self.byte_start = byte_start
        self.stride = stride
        self.offsets = offsets
        self.ordinal = ordinal
        self.within = within

    def shifted(self, segments: Sequence[str], start: int) -> Origin:
        """Give the origin of the loop that starts at ``segments[start]`` of this one."""
        return Origin(
            self.trace,
            self.segment_number + start,
            self.byte_of(segments, start),
            self.stride,
            self.offsets[start:] if self.offsets else None,
        )

    def byte_of(self, segments: Sequence[str], index: int) -> int:
        """Give the byte at which ``segments[index]`` begins."""
        if self.offsets:
            return self.offsets[index]
        return self.byte_start + sum(map(len, segments[:index])) + self.stride * index

    def error(  # noqa: PLR0913
        self,
        code: str,
        *,
        expected: str,
        segments: Sequence[str] = (),
        index: int = 0,
        segment_id: str = "",
        element: str = "",
        found: str = "",
    ) -> X12Error:
        """Make an error placed at ``segments[index]``."""
        return X12Error(
            code,
            expected=expected,
            found=found,
            file=self.trace.file,
            interchange=self.trace.interchange,
            group=self.trace.group,
            transaction=self.trace.transaction,
            segment_number=self.segment_number + index,
            byte_offset=self.byte_of(segments, index),
            segment_id=segment_id,
            element=element,
        )


class _Draft:
    """Segments under construction: elements by segment, in the order first mentioned."""

    __slots__ = ("order", "tail")

    def __init__(self) -> None:
        self.order: dict[Any, list[str]] = {}
        self.tail: set[Any] = set()

    def put(self, key: tuple[str, Where | None], element: int, component: int, text: str) -> None:
        elements = self.order.get(key)
        if elements is None:
            elements = self.order[key] = [key[0]]
            if key[1] is not None:
                qualifier = key[1][1]
                self.put(key, key[1][0], 0, qualifier if isinstance(qualifier, str) else qualifier[0])
        while len(elements) <= element:
            elements.append("")
        if component:
            parts = elements[element].split(_COMPONENT)
            while len(parts) < component:
                parts.append("")
            parts[component - 1] = text
            text = _trimmed(parts, _COMPONENT)
        elements[element] = text

    def put_if_empty(self, key: tuple[str, Where | None], element: int, text: str) -> None:
        elements = self.order.get(key, [])
        if element >= len(elements) or not elements[element]:
            self.put(key, element, 0, text)

    def add(self, key: object, elements: list[str]) -> None:
        self.order[key, len(self.order)] = elements


def _trimmed(parts: list[str], separator: str) -> str:
    """Join parts, leaving out the empty ones at the end, as X12 wants."""
    return separator.join(parts).rstrip(separator)


class _Field:
    """One element (or component) of one segment of a loop."""

    __slots__ = (
        "beside",
        "component",
        "decode",
        "default",
        "element",
        "encode",
        "expected",
        "key",
        "name",
        "segment",
        "where",
    )

    def __init__(  # noqa: PLR0913
        self,
        segment: str,
        element: int,
        component: int,
        *,
        where: Where | None,
        decode: Callable[[str, Separators], Any],
        encode: Callable[[Any], str],
        expected: str,
        default: Any,
        beside: tuple[tuple[int, str], ...] = (),
    ) -> None:
        self.name = ""
        self.segment = segment
        self.element = element
        self.component = component
        self.where = where
        self.decode = decode
        self.encode = encode
        self.expected = expected
        self.default = default
        self.key = (segment, where)
        # Constants written into the same segment, such as the qualifier of a code list.
        self.beside = beside

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __set__(self, loop: Loop, value: object) -> None:
        raise AttributeError(f"{type(loop).__name__}.{self.name} is read-only")

    @property
    def reference(self) -> str:
        """The X12 name of the element, such as ``CLM05-1``."""
        tail = f"-{self.component}" if self.component else ""
        return f"{self.segment}{self.element:02d}{tail}"

    def __get__(self, loop: Loop | None, owner: type | None = None) -> Any:
        if loop is None:
            return self
        found = loop._first(self.segment, self.where)
        text = ""
        if found is not None:
            elements = found[1]
            if self.element < len(elements):
                text = elements[self.element]
            if self.component and text:
                parts = text.split(loop.separators.component)
                text = parts[self.component - 1] if self.component <= len(parts) else ""
        if not text:
            # A default other than "absent" is what is written; reading never makes it up.
            if self.default is not None and self.default != ():
                raise loop._error(
                    "missing_element" if found else "missing_segment",
                    found[0] if found else 0,
                    self.segment,
                    self.reference if found else "",
                    self.expected if found else f"a segment {self.segment}{_described(self.where)}",
                )
            return self.default
        try:
            return self.decode(text, loop.separators)
        except ValueError as error:
            raise loop._error(
                _code_of(error),
                found[0] if found else 0,
                self.segment,
                self.reference,
                self.expected,
            ) from None

    def draft(self, draft: _Draft, value: Any) -> None:
        if value is None or value == "" or value == ():
            return
        for element, constant in self.beside:
            draft.put_if_empty(self.key, element, constant)
        draft.put(self.key, self.element, self.component, self.encode(value))


class _Many:
    """All own segments of a kind, as a tuple of values."""

    __slots__ = ("decode", "default", "encode", "expected", "name", "only", "segment", "skipped")

    def __init__(
        self,
        segment: str,
        *,
        decode: Callable[[list[str], Separators], Iterable[Any]],
        encode: Callable[[tuple[Any, ...]], Iterable[list[str]]],
        expected: str,
        only: Where | None,
    ) -> None:
        self.name = ""
        self.segment = segment
        self.decode = decode
        self.encode = encode
        self.expected = expected
        self.default = ()
        self.only = only
        # Qualifiers that fields of their own read, by element; set when the class is complete.
        self.skipped: tuple[Where, ...] = ()

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __set__(self, loop: Loop, value: object) -> None:
        raise AttributeError(f"{type(loop).__name__}.{self.name} is read-only")

    def __get__(self, loop: Loop | None, owner: type | None = None) -> Any:
        if loop is None:
            return self
        values: list[Any] = []
        separators = loop.separators
        for index, elements in loop._own(self.segment):
            if self.only is not None and not _matches(elements, self.only, separators):
                continue
            if any(_matches(elements, where, separators) for where in self.skipped):
                continue
            try:
                values.extend(self.decode(elements, separators))
            except ValueError as error:
                raise loop._error(
                    _code_of(error), index, self.segment, "", self.expected
                ) from None
        return tuple(values)

    def draft(self, draft: _Draft, value: Any) -> None:
        if not value:
            return
        for elements in self.encode(tuple(value)):
            while len(elements) > 1 and not elements[-1]:
                elements.pop()
            draft.add(self.segment, elements)


class _Child:
    """A loop within the loop (at most one), or all loops of a kind."""

    __slots__ = ("default", "kind", "many", "name", "numbered", "rank", "segment", "where")

    def __init__(  # noqa: PLR0913
        self,
        kind: type[Loop],
        segment: str,
        where: Where | None,
        *,
        rank: int,
        many: bool,
        numbered: bool,
        default: Any,
    ) -> None:
        self.name = ""
        self.kind = kind
        self.segment = segment
        self.where = where
        self.rank = rank
        self.many = many
        self.numbered = numbered
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __set__(self, loop: Loop, value: object) -> None:
        raise AttributeError(f"{type(loop).__name__}.{self.name} is read-only")

    def __get__(self, loop: Loop | None, owner: type | None = None) -> Any:
        if loop is None:
            return self
        children = loop._layout().children.get(self.name, ())
        if self.many:
            return tuple(children)
        if children:
            return children[0]
        if self.default is _REQUIRED:
            raise loop._error(
                "missing_loop",
                0,
                self.segment,
                "",
                f"a loop that begins with {self.segment}{_described(self.where)}",
            )
        return self.default

    def draft(self, value: Any) -> Iterator[str]:
        if value is None:
            return
        for number, child in enumerate(value if self.many else (value,), 1):
            yield from self._adapted(child, number)

    def _adapted(self, child: Loop, number: int) -> Sequence[str]:
        """Give the child's segments, its first one qualified (and numbered) as the parent says."""
        segments = child.rendered(MODEL_SEPARATORS)
        first = segments[0].split(_ELEMENT) if segments else [self.segment]
        if first[0] != self.segment:
            first = [self.segment]
            segments = ("", *segments)
        if self.numbered:
            first = [*first[:1], str(number), *first[2:]]
        if self.where is not None:
            element, wanted = self.where
            first.extend([""] * (element + 1 - len(first)))
            choices = (wanted,) if isinstance(wanted, str) else wanted
            if not first[element]:
                first[element] = choices[0]
            elif first[element] not in choices:
                raise X12Error(
                    "wrong_loop",
                    expected=f"{self.name} to begin with {self.segment}{_described(self.where)}",
                    segment_id=self.segment,
                    element=f"{self.segment}{element:02d}",
                )
        return (_trimmed(first, _ELEMENT), *segments[1:])


class _Layout:
    """A loop's own segments (position and text) and its child loops by field name."""

    __slots__ = ("children", "own")

    def __init__(self) -> None:
        self.own: list[tuple[int, str]] = []
        self.children: dict[str, list[Loop]] = {}


def _described(where: Where | None) -> str:
    if where is None:
        return ""
    element, wanted = where
    return f" whose element {element:02d} is {wanted if isinstance(wanted, str) else ' or '.join(wanted)}"


def _matches(elements: list[str], where: Where, separators: Separators) -> bool:
    element, wanted = where
    if element >= len(elements):
        return False
    value = elements[element]
    # A composite is known by its first component (HI01-1, SVC01-1).
    if separators.component in value:
        value = value.partition(separators.component)[0]
    return value == wanted if isinstance(wanted, str) else value in wanted


def _code_of(error: ValueError) -> str:
    code = str(error)
    return code if code.isidentifier() else "malformed_element"


# --- element codecs ------------------------------------------------------------------------


def _text_of(text: str, _separators: Separators) -> str:
    """Give text as people read it: the wire is taken as UTF-8 where it is that."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return text


def _wire(value: str) -> str:
    """Give text as it goes on the wire, one character per byte."""
    if not isinstance(value, str):
        raise TypeError(f"expected str, got {type(value).__name__}")
    if value.isascii():
        if value.isprintable():
            return value
    elif all(character >= " " for character in value):
        return value.encode().decode("latin-1")
    raise X12Error("control_character", expected="text without control characters")


def _plain(value: Any) -> str:
    return _wire(value)


def _cents_in(text: str, _separators: Separators) -> int:
    return cents_of(decimal_of(text))


def _cents_out(value: int) -> str:
    if type(value) is not int:
        raise TypeError(f"expected whole cents as int, got {type(value).__name__}")
    return cents_text(value)


def _decimal_in(text: str, _separators: Separators) -> Decimal:
    return decimal_of(text)


def _decimal_out(value: Decimal | int) -> str:
    if isinstance(value, float):
        raise TypeError("expected Decimal, got float")
    return decimal_text(Decimal(value))


def _integer_in(text: str, _separators: Separators) -> int:
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
    if not text.isascii() or not text.isdigit() or len(text) not in (6, 8):
        raise ValueError("not_a_date")
    if len(text) == 6:  # noqa: PLR2004
        text = "20" + text
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise ValueError("not_a_date") from None


def _day_in(text: str, _separators: Separators) -> date:
    return day_of(text)


def _day_out(value: date) -> str:
    return f"{value.year:04d}{value.month:02d}{value.day:02d}"


def _period_of(text: str) -> Period:
    start, dash, end = text.partition("-")
    if not dash:
        # DT (CCYYMMDDHHMM) carries a time after the day; the time stays in the segment.
        day = day_of(start[:8])
        return Period(day, day)
    return Period(day_of(start), day_of(end))


def _period_out(value: Period) -> tuple[str, str]:
    if value.start == value.end:
        return "D8", _day_out(value.start)
    return "RD8", f"{_day_out(value.start)}-{_day_out(value.end)}"


def _repeats_in(text: str, separators: Separators) -> tuple[str, ...]:
    if not separators.repetition:
        return (text,)
    return tuple(text.split(separators.repetition))


def _repeats_out(values: tuple[str, ...]) -> str:
    return _REPETITION.join(_wire(value) for value in values)


def procedure_of(text: str, separators: Separators) -> Procedure:
    """Read a composite procedure identifier."""
    parts = text.split(separators.component)
    return Procedure(
        qualifier=parts[0],
        code=parts[1] if len(parts) > 1 else "",
        modifiers=tuple(part for part in parts[2:6] if part),
        description=_text_of(parts[6], separators) if len(parts) > 6 else "",  # noqa: PLR2004
        code_end=parts[7] if len(parts) > 7 else "",  # noqa: PLR2004
    )


def _procedure_out(value: Procedure) -> str:
    if len(value.modifiers) > 4:  # noqa: PLR2004
        raise X12Error("too_many", expected="at most four modifiers")
    modifiers = [*value.modifiers, "", "", "", ""][:4]
    parts = [value.qualifier, value.code, *modifiers, value.description, value.code_end]
    return _trimmed([_wire(part) for part in parts], _COMPONENT)


def _components_in(text: str, separators: Separators) -> tuple[int, ...]:
    return tuple(_integer_in(part, separators) for part in text.split(separators.component) if part)


def _components_out(values: tuple[int, ...]) -> str:
    return _COMPONENT.join(str(value) for value in values)


# --- field specifiers ----------------------------------------------------------------------


def text(
    segment: str,
    element: int,
    component: int = 0,
    *,
    where: Where | None = None,
    default: Any = _REQUIRED,
    beside: tuple[tuple[int, str], ...] = (),
) -> Any:
    """Declare a text or code element: str, decoded from UTF-8 where the wire holds it.

    A default other than None is written when nothing is given; reading never supplies it.
    ``beside`` are constants written into the same segment, as (element, text).
    """
    return _Field(
        segment,
        element,
        component,
        where=where,
        decode=_text_of,
        encode=_plain,
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
    default: Any = _REQUIRED,
) -> Any:
    """Declare an amount of money: int, whole cents, or an error; never rounded."""
    return _Field(
        segment,
        element,
        component,
        where=where,
        decode=_cents_in,
        encode=_cents_out,
        expected="a decimal amount of at most 18 digits, in whole cents",
        default=default,
    )


def decimal(
    segment: str,
    element: int,
    component: int = 0,
    *,
    where: Where | None = None,
    default: Any = _REQUIRED,
    beside: tuple[tuple[int, str], ...] = (),
) -> Any:
    """Declare an exact decimal: a quantity, a rate, an amount with its wire precision."""
    return _Field(
        segment,
        element,
        component,
        where=where,
        decode=_decimal_in,
        encode=_decimal_out,
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
    default: Any = _REQUIRED,
) -> Any:
    """Declare a count: int, digits only."""
    return _Field(
        segment,
        element,
        component,
        where=where,
        decode=_integer_in,
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
    default: Any = _REQUIRED,
) -> Any:
    """Declare a day: date, CCYYMMDD on the wire."""
    return _Field(
        segment,
        element,
        component,
        where=where,
        decode=_day_in,
        encode=_day_out,
        expected="a date CCYYMMDD",
        default=default,
    )


def procedure_at(
    segment: str,
    element: int,
    *,
    where: Where | None = None,
    default: Any = _REQUIRED,
) -> Any:
    """Declare a composite procedure identifier: Procedure."""
    return _Field(
        segment,
        element,
        0,
        where=where,
        decode=procedure_of,
        encode=_procedure_out,
        expected="a procedure composite",
        default=default,
    )


def pointers(segment: str, element: int, *, default: Any = ()) -> Any:
    """Declare a composite of whole numbers (SV107 diagnosis pointers): tuple of int."""
    return _Field(
        segment,
        element,
        0,
        where=None,
        decode=_components_in,
        encode=_components_out,
        expected="whole numbers as components",
        default=default,
    )


def repeats(segment: str, element: int, *, default: Any = ()) -> Any:
    """Declare a repeating element (EB03): tuple of str."""
    return _Field(
        segment,
        element,
        0,
        where=None,
        decode=_repeats_in,
        encode=_repeats_out,
        expected="one or more codes",
        default=default,
    )


class _PeriodField(_Field):
    """A DTP date with its format element: the format (DTP02) is written beside the date."""

    __slots__ = ()

    def draft(self, draft: _Draft, value: Any) -> None:
        if value is None:
            return
        form, written = _period_out(value)
        draft.put(self.key, self.element - 1, 0, form)
        draft.put(self.key, self.element, 0, written)


def period(
    qualifier: str | tuple[str, ...], *, segment: str = "DTP", default: Any = _REQUIRED
) -> Any:
    """Declare a DTP date or span (DTP03) by its qualifier (DTP01): Period."""
    return _PeriodField(
        segment,
        3,
        0,
        where=(1, qualifier),
        decode=lambda text, _separators: _period_of(text),
        encode=str,
        expected="a date CCYYMMDD or a span CCYYMMDD-CCYYMMDD",
        default=default,
    )


class _FormattedDayField(_Field):
    """A day with D8 in the element before it (DMG01, PAT05)."""

    __slots__ = ()

    def draft(self, draft: _Draft, value: Any) -> None:
        if value is None:
            return
        draft.put(self.key, self.element - 1, 0, "D8")
        draft.put(self.key, self.element, 0, _day_out(value))


def formatted_day(segment: str, element: int, *, default: Any = None) -> Any:
    """Declare a day preceded by its format D8 (DMG02 after DMG01): date."""
    return _FormattedDayField(
        segment,
        element,
        0,
        where=None,
        decode=_day_in,
        encode=_day_out,
        expected="a date CCYYMMDD",
        default=default,
    )


def loop(
    kind: type[Loop],
    segment: str,
    where: Where | None = None,
    *,
    rank: int = 1,
    default: Any = _REQUIRED,
) -> Any:
    """Declare one child loop by the segment that opens it.

    ``rank`` orders children: once a child of a higher rank has begun, lower ones cannot.
    """
    return _Child(
        kind, segment, where, rank=rank, many=False, numbered=False, default=default
    )


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
    return _Child(
        kind, segment, where, rank=rank, many=True, numbered=numbered, default=default
    )


def _many(
    segment: str,
    decode: Callable[[list[str], Separators], Iterable[Any]],
    encode: Callable[[tuple[Any, ...]], Iterable[list[str]]],
    expected: str,
    only: Where | None = None,
) -> Any:
    return _Many(segment, decode=decode, encode=encode, expected=expected, only=only)


def _at(elements: list[str], number: int) -> str:
    return elements[number] if number < len(elements) else ""


def adjustments_in(elements: list[str]) -> Iterator[Adjustment]:
    """Read a CAS segment's trios.

    Raises
    ------
    ValueError
        ``not_an_amount``, ``fraction_of_a_cent``, or ``incomplete_trio`` for a reason without
        amount and the reverse.
    """
    for at in range(2, len(elements), 3):
        reason, amount, quantity = elements[at], _at(elements, at + 1), _at(elements, at + 2)
        if reason and amount:
            value = decimal_of(amount)
            cents_of(value)
            yield Adjustment(
                elements[1],
                reason,
                value,
                decimal_of(quantity) if quantity else None,
            )
        elif reason or amount or quantity:
            raise ValueError("incomplete_trio")


_TRIOS_PER_CAS = 6


def _adjustments_out(values: tuple[Adjustment, ...]) -> Iterator[list[str]]:
    """Write one CAS per group, with up to six trios: some payers refuse a group said twice."""
    groups: dict[str, list[Adjustment]] = {}
    for value in values:
        groups.setdefault(value.group, []).append(value)
    for group, trios in groups.items():
        for at in range(0, len(trios), _TRIOS_PER_CAS):
            elements = ["CAS", _wire(group)]
            for trio in trios[at : at + _TRIOS_PER_CAS]:
                quantity = "" if trio.quantity is None else _decimal_out(trio.quantity)
                elements += [_wire(trio.reason), _decimal_out(trio.amount), quantity]
            yield elements


def adjustments() -> Any:
    """Declare all CAS trios: tuple of Adjustment; one CAS per group when written."""
    return _many(
        "CAS",
        lambda elements, _separators: adjustments_in(elements),
        _adjustments_out,
        "trios of reason, amount and quantity (CAS02 to CAS19)",
    )


def references() -> Any:
    """Declare the REF segments that no field of their own names: tuple of Reference."""
    return _many(
        "REF",
        lambda e, s: (Reference(_at(e, 1), _text_of(_at(e, 2), s), _text_of(_at(e, 3), s)),),
        lambda values: (
            ["REF", _wire(v.qualifier), _wire(v.value), _wire(v.description)] for v in values
        ),
        "a qualifier and a value",
    )


def periods() -> Any:
    """Declare the DTP segments that no field of their own names: tuple of DatedPeriod."""
    return _many(
        "DTP",
        lambda e, _s: (DatedPeriod(_at(e, 1), _period_of(_at(e, 3))),),
        lambda values: (["DTP", _wire(v.qualifier), *_period_out(v.period)] for v in values),
        "a date CCYYMMDD or a span CCYYMMDD-CCYYMMDD",
    )


def dates() -> Any:
    """Declare the DTM segments that no field of their own names: tuple of Dated."""
    return _many(
        "DTM",
        lambda e, _s: (Dated(_at(e, 1), day_of(_at(e, 2))),),
        lambda values: (["DTM", _wire(v.qualifier), _day_out(v.day)] for v in values),
        "a date CCYYMMDD",
    )


def amounts() -> Any:
    """Declare the AMT segments that no field of their own names: tuple of QualifiedAmount."""
    return _many(
        "AMT",
        lambda e, _s: (QualifiedAmount(_at(e, 1), decimal_of(_at(e, 2))),),
        lambda values: (["AMT", _wire(v.qualifier), _decimal_out(v.amount)] for v in values),
        "a decimal amount of at most 18 digits",
    )


def quantities() -> Any:
    """Declare the QTY segments that no field of their own names: tuple of QualifiedQuantity."""
    return _many(
        "QTY",
        lambda e, _s: (QualifiedQuantity(_at(e, 1), decimal_of(_at(e, 2))),),
        lambda values: (["QTY", _wire(v.qualifier), _decimal_out(v.quantity)] for v in values),
        "a decimal number of at most 18 digits",
    )


def _contact_in(elements: list[str], separators: Separators) -> Iterator[Contact]:
    numbers = tuple(
        (elements[at], _text_of(_at(elements, at + 1), separators))
        for at in range(3, min(len(elements), 9), 2)
        if elements[at]
    )
    yield Contact(_at(elements, 1), _text_of(_at(elements, 2), separators), numbers)


def _contact_out(values: tuple[Contact, ...]) -> Iterator[list[str]]:
    for value in values:
        pairs = chain.from_iterable(value.numbers)
        yield ["PER", _wire(value.function), _wire(value.name), *map(_wire, pairs)]


def contacts() -> Any:
    """Declare the PER segments: tuple of Contact."""
    return _many("PER", _contact_in, _contact_out, "a contact")


def texts(segment: str, element: int, only: Where | None = None) -> Any:
    """Declare one element of every segment of a kind (LQ02, MSG01): tuple of str."""

    def written(values: tuple[str, ...]) -> Iterator[list[str]]:
        for value in values:
            elements = [segment, *[""] * element]
            if only is not None:
                elements[only[0]] = only[1] if isinstance(only[1], str) else only[1][0]
            elements[element] = _wire(value)
            yield elements

    return _many(
        segment,
        lambda e, s: (_text_of(_at(e, element), s),) if _at(e, element) else (),
        written,
        "text",
        only,
    )


def segments_of(segment: str) -> Any:
    """Declare all segments of a kind, uninterpreted: tuple of Segment."""
    return _many(
        segment,
        lambda e, s: (Segment(e[0], tuple(_text_of(x, s) for x in e[1:])),),
        lambda values: ([v.id, *map(_wire, v.elements)] for v in values),
        "a segment",
    )


_HI_PER_SEGMENT = 12


def _health_codes_in(elements: list[str], separators: Separators) -> Iterator[HealthCode]:
    for composite in elements[1:]:
        if composite:
            parts = composite.split(separators.component)
            yield HealthCode(
                parts[0],
                _at(parts, 1),
                date_format=_at(parts, 2),
                date=_at(parts, 3),
                amount=decimal_of(parts[4]) if _at(parts, 4) else None,
                present_on_admission=_at(parts, 8),
            )


def _health_code_out(value: HealthCode) -> str:
    amount = "" if value.amount is None else _decimal_out(value.amount)
    parts = [value.qualifier, value.code, value.date_format, value.date, amount, "", "", ""]
    return _trimmed([*map(_wire, parts), _wire(value.present_on_admission)], _COMPONENT)


def _health_codes_out(values: tuple[HealthCode, ...]) -> Iterator[list[str]]:
    for at in range(0, len(values), _HI_PER_SEGMENT):
        yield ["HI", *map(_health_code_out, values[at : at + _HI_PER_SEGMENT])]


def health_codes(*qualifiers: str) -> Any:
    """Declare the HI composites of segments that open with a qualifier: tuple of HealthCode."""
    return _many(
        "HI",
        _health_codes_in,
        _health_codes_out,
        "composites of qualifier and code",
        (1, qualifiers) if qualifiers else None,
    )


def _status_code_of(text: str, separators: Separators) -> StatusCode:
    parts = text.split(separators.component)
    return StatusCode(parts[0], _at(parts, 1), _at(parts, 2))


def _status_in(e: list[str], s: Separators) -> Iterator[StatusInformation]:
    if not _at(e, 1):
        raise ValueError("missing_element")
    yield StatusInformation(
        codes=tuple(_status_code_of(e[at], s) for at in (1, 10, 11) if _at(e, at)),
        effective_on=day_of(e[2]) if _at(e, 2) else None,
        action=_at(e, 3),
        charge=decimal_of(e[4]) if _at(e, 4) else None,
        paid=decimal_of(e[5]) if _at(e, 5) else None,
        finalized_on=day_of(e[6]) if _at(e, 6) else None,
        remitted_on=day_of(e[8]) if _at(e, 8) else None,
        remittance_number=_text_of(_at(e, 9), s),
        message=_text_of(_at(e, 12), s),
    )


def _status_code_out(code: StatusCode) -> str:
    return _trimmed([_wire(code.category), _wire(code.status), _wire(code.entity)], _COMPONENT)


def _status_out(values: tuple[StatusInformation, ...]) -> Iterator[list[str]]:
    for value in values:
        codes = [_status_code_out(code) for code in value.codes]
        if not 1 <= len(codes) <= 3:  # noqa: PLR2004
            raise X12Error("too_many", expected="one to three status codes", segment_id="STC")
        codes += [""] * (3 - len(codes))
        yield [
            "STC",
            codes[0],
            "" if value.effective_on is None else _day_out(value.effective_on),
            _wire(value.action),
            "" if value.charge is None else _decimal_out(value.charge),
            "" if value.paid is None else _decimal_out(value.paid),
            "" if value.finalized_on is None else _day_out(value.finalized_on),
            "",
            "" if value.remitted_on is None else _day_out(value.remitted_on),
            _wire(value.remittance_number),
            codes[1],
            codes[2],
            _wire(value.message),
        ]


def provider_adjustments_in(e: list[str], s: Separators) -> Iterator[ProviderAdjustment]:
    """Read a PLB segment's pairs.

    Raises
    ------
    ValueError
        ``not_an_amount``, ``fraction_of_a_cent``, ``not_a_date`` or ``incomplete_pair``.
    """
    fiscal_year_end = day_of(_at(e, 2))
    for at in range(3, len(e), 2):
        written, amount = e[at], _at(e, at + 1)
        if written and amount:
            reason, _, reference = written.partition(s.component)
            value = decimal_of(amount)
            cents_of(value)
            yield ProviderAdjustment(
                _text_of(e[1], s),
                fiscal_year_end,
                reason,
                _text_of(reference, s),
                value,
            )
        elif written or amount:
            raise ValueError("incomplete_pair")


_PAIRS_PER_PLB = 6


def _provider_adjustments_out(values: tuple[ProviderAdjustment, ...]) -> Iterator[list[str]]:
    providers: dict[tuple[str, date], list[ProviderAdjustment]] = {}
    for value in values:
        providers.setdefault((value.provider_id, value.fiscal_year_end), []).append(value)
    for (provider_id, fiscal_year_end), pairs in providers.items():
        for at in range(0, len(pairs), _PAIRS_PER_PLB):
            elements = ["PLB", _wire(provider_id), _day_out(fiscal_year_end)]
            for pair in pairs[at : at + _PAIRS_PER_PLB]:
                composite = _trimmed([_wire(pair.reason), _wire(pair.reference)], _COMPONENT)
                elements += [composite, _decimal_out(pair.amount)]
            yield elements


def provider_adjustments() -> Any:
    """Declare all PLB pairs: tuple of ProviderAdjustment; six pairs per PLB when written."""
    return _many(
        "PLB",
        provider_adjustments_in,
        _provider_adjustments_out,
        "a provider, a date CCYYMMDD and pairs of reason and amount (PLB03 to PLB14)",
    )


def statuses() -> Any:
    """Declare the STC segments: tuple of StatusInformation."""
    return _many("STC", _status_in, _status_out, "status composites, dates and amounts")


# --- the loop ------------------------------------------------------------------------------


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    field_specifiers=(
        text,
        cents,
        decimal,
        integer,
        day,
        procedure_at,
        pointers,
        repeats,
        period,
        formatted_day,
        loop,
        loops,
        adjustments,
        references,
        periods,
        dates,
        amounts,
        quantities,
        contacts,
        texts,
        segments_of,
        health_codes,
        statuses,
        provider_adjustments,
    ),
)
class Loop:
    """A run of segments with named, typed, read-only fields.

    Two loops are equal when their segments are, whatever separators they were written with.
    """

    __slots__ = ("_cache", "_segments", "origin", "separators")

    _fields: ClassVar[dict[str, _Field | _Many]] = {}
    _children: ClassVar[dict[str, _Child]] = {}
    _triggers: ClassVar[dict[str, tuple[_Child, ...]]] = {}
    _tail: ClassVar[frozenset[str]] = frozenset()
    _levels: ClassVar[tuple[str, ...]] = ()
    _known: ClassVar[frozenset[str]] = frozenset()

    _segments: Sequence[str]
    separators: Separators
    origin: Origin | None
    _cache: _Layout | None

    def __init_subclass__(
        cls, *, tail: tuple[str, ...] = (), also: tuple[str, ...] = (), **options: Any
    ) -> None:
        """Collect the fields a subclass declares.

        ``tail`` names segments of the loop that stand after its children; ``also`` names
        segments that belong to the loop although no field reads them.
        """
        super().__init_subclass__(**options)
        fields = dict(cls._fields)
        children = dict(cls._children)
        for name, value in list(vars(cls).items()):
            if isinstance(value, _Child):
                children[name] = value
            elif isinstance(value, (_Field, _Many)):
                fields[name] = value
        own = [field for field in fields.values() if isinstance(field, _Field)]
        for field in fields.values():
            if isinstance(field, _Many) and field.only is None:
                field.skipped = tuple(
                    {f.where for f in own if f.segment == field.segment and f.where is not None}
                )
        triggers: dict[str, tuple[_Child, ...]] = {}
        for child in children.values():
            triggers[child.segment] = (*triggers.get(child.segment, ()), child)
        cls._fields = fields
        cls._children = children
        cls._triggers = triggers
        cls._tail = cls._tail | frozenset(tail)
        cls._known = (
            cls._known | frozenset(also) | frozenset(f.segment for f in fields.values())
        )

    def __init__(self, **values: Any) -> None:
        head, tail = _Draft(), _Draft()
        for name, field in self._fields.items():
            draft = tail if field.segment in self._tail else head
            value = values.pop(name, field.default)
            if value is _REQUIRED:
                raise TypeError(f"{type(self).__name__} requires {name}")
            try:
                field.draft(draft, value)
            except X12Error as error:
                raise X12Error(
                    error.code,
                    expected=f"{name}: {error.expected}",
                    segment_id=field.segment,
                    element=field.reference if isinstance(field, _Field) else "",
                ) from None
        nested: list[str] = []
        for child in sorted(self._children.values(), key=lambda child: child.rank):
            value = values.pop(child.name, child.default)
            if value is _REQUIRED:
                raise TypeError(f"{type(self).__name__} requires {child.name}")
            nested.extend(child.draft(value))
        if values:
            raise TypeError(f"{type(self).__name__} has no {', '.join(values)}")
        self._segments = (
            *(_trimmed(elements, _ELEMENT) for elements in head.order.values()),
            *nested,
            *(_trimmed(elements, _ELEMENT) for elements in tail.order.values()),
        )
        if self._levels:
            self._segments = number_hierarchy(self._segments, self._levels)
        self.separators = MODEL_SEPARATORS
        self.origin = None
        self._cache = None

    @classmethod
    def of(
        cls, segments: Sequence[str], separators: Separators, origin: Origin | None = None
    ) -> Self:
        """Take segments as they stand on the wire, without terminators, as this loop."""
        made = cls.__new__(cls)
        made._segments = segments
        made.separators = separators
        made.origin = origin
        made._cache = None
        return made

    def __eq__(self, other: object) -> bool:
        """Compare segments, whatever the separators."""
        if not isinstance(other, Loop) or type(self) is not type(other):
            return NotImplemented
        return self.rendered(MODEL_SEPARATORS) == other.rendered(MODEL_SEPARATORS)

    def __hash__(self) -> int:
        """Hash the segments, whatever the separators."""
        return hash(self.rendered(MODEL_SEPARATORS))

    def __repr__(self) -> str:
        """Name the kind and size only: elements may be personal data."""
        return f"<{type(self).__name__} of {len(self._segments)} segments>"

    @property
    def segments(self) -> tuple[str, ...]:
        """All segments, child loops included, as on the wire but without terminators."""
        return tuple(self._segments)

    def rendered(self, separators: Separators) -> tuple[str, ...]:
        """Give the segments written with other separators.

        Raises
        ------
        X12Error
            ``separator_in_text`` when an element contains one of the separators wanted.
        """
        return render(self._segments, self.separators, separators)

    def all(self, segment: str) -> tuple[Segment, ...]:
        """Give every own segment of a kind, child loops excluded, cut into elements."""
        return tuple(
            Segment(e[0], tuple(_text_of(x, self.separators) for x in e[1:]))
            for _, e in self._own(segment)
        )

    def unknown_segments(self) -> tuple[tuple[int, str], ...]:
        """Give (position in the loop, segment id) of segments that belong to no known place."""
        return tuple(self._unknown(0))

    def as_dict(self) -> dict[str, Any]:
        """Give all fields by name, child loops nested, absent ones left out.

        Raises
        ------
        X12Error
            When an element cannot be read as its field's type.
        """
        given: dict[str, Any] = {}
        for name, field in self._fields.items():
            value = field.__get__(self)
            if value not in (None, "", ()):
                given[name] = value
        for name, child in self._children.items():
            found = self._layout().children.get(name, ())
            if found:
                dicts = [each.as_dict() for each in found]
                given[name] = dicts if child.many else dicts[0]
        return given

    def check(self) -> None:
        """Read every field of this loop and its children.

        Raises
        ------
        X12Error
            For the first required element or segment missing, or element malformed.
        """
        for error in self.problems():
            raise error

    def problems(self) -> Iterator[X12Error]:
        """Read every field of this loop and its children and give each error met."""
        for field in self._fields.values():
            try:
                field.__get__(self)
            except X12Error as error:
                yield error
        for name, child in self._children.items():
            found = self._layout().children.get(name, ())
            if not found and child.default is _REQUIRED:
                try:
                    child.__get__(self)
                except X12Error as error:
                    yield error
            for each in found:
                yield from each.problems()

    def _unknown(self, start: int) -> Iterator[tuple[int, str]]:
        known = self._known | self._tail
        layout = self._layout()
        for index, written in layout.own:
            name = written.partition(self.separators.element)[0]
            if name not in known:
                yield start + index, name
        for children in layout.children.values():
            for child in children:
                yield from child._unknown(start + self._index_of(child))

    def _index_of(self, child: Loop) -> int:
        mine, theirs = self.origin, child.origin
        if mine is None or theirs is None:
            return 0
        return theirs.segment_number - mine.segment_number

    def _layout(self) -> _Layout:
        """Divide the segments into own ones and child loops."""
        if self._cache is None:
            self._cache = self._divided()
        return self._cache

    def _divided(self) -> _Layout:
        layout = _Layout()
        separators, triggers, tail = self.separators, self._triggers, self._tail
        cut = separators.element
        segments = self._segments
        rank = 0
        current: _Child | None = None
        start = 0
        for index, written in enumerate(segments):
            name = written.partition(cut)[0]
            # The loop's own first segment never opens a child of the same letters (HL in HL).
            if name in triggers and index:
                opened = self._opened(triggers[name], written, rank)
                if opened is not None:
                    if current is not None:
                        self._close(layout, current, start, index)
                    current, start, rank = opened, index, opened.rank
                    continue
            if current is None:
                layout.own.append((index, written))
            elif name in tail:
                self._close(layout, current, start, index)
                current = None
                layout.own.append((index, written))
        if current is not None:
            self._close(layout, current, start, len(segments))
        return layout

    def _opened(self, candidates: tuple[_Child, ...], written: str, rank: int) -> _Child | None:
        elements: list[str] | None = None
        for child in candidates:
            if child.rank < rank:
                continue
            if child.where is None:
                return child
            if elements is None:
                elements = written.split(self.separators.element)
            if _matches(elements, child.where, self.separators):
                return child
        return None

    def _close(self, layout: _Layout, child: _Child, start: int, end: int) -> None:
        segments = self._segments[start:end]
        origin = self.origin.shifted(self._segments, start) if self.origin else None
        made = child.kind.of(segments, self.separators, origin)
        layout.children.setdefault(child.name, []).append(made)

    def _own(self, segment: str) -> Iterator[tuple[int, list[str]]]:
        cut = self.separators.element
        for index, written in self._layout().own:
            if written.startswith(segment):
                elements = written.split(cut)
                if elements[0] == segment:
                    yield index, elements

    def _first(self, segment: str, where: Where | None) -> tuple[int, list[str]] | None:
        for index, elements in self._own(segment):
            if where is None or _matches(elements, where, self.separators):
                return index, elements
        return None

    def _decimal(self, segment: str, element: int) -> Decimal:
        """Read a required amount exactly."""
        value: Decimal = _Field(
            segment,
            element,
            0,
            where=None,
            decode=_decimal_in,
            encode=_decimal_out,
            expected="a decimal amount of at most 18 digits",
            default=_REQUIRED,
        ).__get__(self)
        return value

    def _error(
        self, code: str, index: int, segment_id: str, element: str, expected: str
    ) -> X12Error:
        if self.origin is None:
            return X12Error(code, expected=expected, segment_id=segment_id, element=element)
        return self.origin.error(
            code,
            expected=expected,
            segments=self._segments,
            index=index,
            segment_id=segment_id,
            element=element,
        )


def render(
    segments: Iterable[str], source: Separators, target: Separators
) -> tuple[str, ...]:
    """Write segments with other separators.

    Raises
    ------
    X12Error
        ``separator_in_text`` when an element contains one of the separators wanted.
    """
    roles = ("element", "repetition", "component", "segment")
    before = [getattr(source, role) for role in roles]
    after = [getattr(target, role) for role in roles]
    if before == after:
        return tuple(segments)
    table = {ord(old): new for old, new in zip(before, after, strict=True) if old}
    kept = set(before)
    taken = "".join(each for each in after if each and each not in kept)
    written = []
    for segment in segments:
        if any(each in segment for each in taken):
            name = segment.partition(source.element)[0]
            raise X12Error(
                "separator_in_text",
                expected="no element to contain a separator of the interchange",
                segment_id=name,
            )
        written.append(segment.translate(table))
    return tuple(written)


def number_hierarchy(segments: Sequence[str], levels: Sequence[str]) -> tuple[str, ...]:
    """Number the HL segments of a transaction made in memory.

    Parameters
    ----------
    segments
        Segments whose HL03 is set, in order, with the separators of models.
    levels
        HL03 codes from the top down.

    Returns
    -------
    tuple of str
        The same with HL01 counted, HL02 pointing at the parent and HL04 saying whether
        another level follows below.
    """
    places = [at for at, each in enumerate(segments) if each.startswith("HL" + _ELEMENT)]
    codes = [segments[at].split(_ELEMENT)[3] for at in places]
    written = list(segments)
    last: dict[int, int] = {}
    for number, (at, code) in enumerate(zip(places, codes, strict=True), 1):
        depth = levels.index(code)
        parent = next((last[up] for up in range(depth - 1, -1, -1) if up in last), 0)
        last = {level: known for level, known in last.items() if level < depth}
        last[depth] = number
        below = number < len(codes) and levels.index(codes[number]) > depth
        elements = ["HL", str(number), str(parent) if parent else "", code, "1" if below else "0"]
        written[at] = _ELEMENT.join(elements)
    return tuple(written)
