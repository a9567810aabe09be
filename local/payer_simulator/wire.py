"""X12 on the wire: small strict reading of one interchange, and writing in any style.

Separators are read from ISA and never assumed. Amounts are exact: integer cents from and to
decimal text, refused when a fraction of a cent is carried.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from local.payer_simulator.world import WireStyle

_ISA_CHARACTERS = 106
_CENTS = 100
_AMOUNT = re.compile(r"^-?(\d+(\.\d*)?|\.\d+)$")

Element = str | tuple[str, ...] | list[str]


class WireError(ValueError):
    """The interchange cannot be read. ``code`` is a word, the message names the segment."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ElementError(ValueError):
    """An element holds something that is not of its type. Carries the IK4 position and code."""

    def __init__(self, position: int, code: str, message: str) -> None:
        super().__init__(message)
        self.position = position
        self.code = code


# --- amounts and dates ----------------------------------------------------------------------


def cents_from(text: str) -> int:
    """Read a monetary amount (X12 type R) as integer cents.

    Raises
    ------
    ValueError
        If the text is no decimal number or carries a fraction of a cent.
    """
    if not _AMOUNT.match(text):
        msg = "not a decimal amount"
        raise ValueError(msg)
    try:
        cents = Decimal(text) * _CENTS
    except InvalidOperation as error:  # pragma: no cover - the pattern excludes it
        msg = "not a decimal amount"
        raise ValueError(msg) from error
    if cents != cents.to_integral_value():
        msg = "an amount with a fraction of a cent"
        raise ValueError(msg)
    return int(cents)


def amount(cents: int) -> str:
    """Write integer cents as X12 type R, without trailing zeros (``-1050`` is ``-10.5``)."""
    whole, fraction = divmod(abs(cents), _CENTS)
    text = f"{whole}.{fraction:02d}".rstrip("0").rstrip(".")
    return f"-{text}" if cents < 0 else text


def date_from(text: str) -> dt.date:
    """Read a D8 date (CCYYMMDD); a ValueError says that it is none."""
    if not re.fullmatch(r"\d{8}", text):
        msg = "not a CCYYMMDD date"
        raise ValueError(msg)
    return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))


def date8(day: dt.date) -> str:
    """Write a D8 date."""
    return day.strftime("%Y%m%d")


# --- reading --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Separators:
    """What ISA declares."""

    element: str
    repetition: str
    component: str
    segment: str


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its identifier, its elements (from 1) and its place in the set (ST is 1)."""

    name: str
    elements: tuple[str, ...]
    position: int
    separators: Separators

    def get(self, position: int) -> str:
        """Return the element at a position from 1, or an empty string when it is not sent."""
        return self.elements[position - 1] if position <= len(self.elements) else ""

    def part(self, position: int, component: int) -> str:
        """Return one component (from 1) of a composite element, or an empty string."""
        parts = self.get(position).split(self.separators.component)
        return parts[component - 1] if component <= len(parts) else ""

    def parts(self, position: int) -> tuple[str, ...]:
        """Return all components of a composite element."""
        return tuple(self.get(position).split(self.separators.component))

    def require(self, position: int) -> str:
        """Return an element that must be there; ElementError (IK4-03 = 1) when it is not."""
        value = self.get(position)
        if not value:
            raise ElementError(position, "1", f"{self.name}{position:02d} is required")
        return value

    def cents(self, position: int) -> int:
        """Read an amount; ElementError (IK4-03 = 6, invalid character) when it is none."""
        try:
            return cents_from(self.require(position))
        except ElementError:
            raise
        except ValueError as error:
            raise ElementError(position, "6", f"{self.name}{position:02d} {error}") from error

    def date(self, position: int) -> dt.date:
        """Read a D8 date; ElementError (IK4-03 = 8, invalid date) when it is none."""
        return self._date(position, self.require(position))

    def dates(self, position: int, qualifier: str) -> tuple[dt.date, dt.date]:
        """Read a D8 date, an RD8 range or a DT date with time as its first and last day."""
        text = self.require(position)
        if qualifier == "DT":
            text = text[:8]
        if qualifier == "RD8":
            first, _, last = text.partition("-")
            return self._date(position, first), self._date(position, last)
        day = self._date(position, text)
        return day, day

    def _date(self, position: int, text: str) -> dt.date:
        try:
            return date_from(text)
        except ValueError as error:
            raise ElementError(position, "8", f"{self.name}{position:02d} {error}") from error


@dataclass(frozen=True, slots=True)
class TransactionSet:
    """One ST…SE, both included."""

    kind: str
    control_number: str
    version: str
    segments: tuple[Segment, ...]
    trailer_fault: str = ""

    @property
    def body(self) -> tuple[Segment, ...]:
        """The segments between ST and SE."""
        return self.segments[1:-1]


@dataclass(frozen=True, slots=True)
class Group:
    """One GS…GE."""

    code: str
    sender: str
    receiver: str
    control_number: str
    version: str
    sets: tuple[TransactionSet, ...]


@dataclass(frozen=True, slots=True)
class Interchange:
    """One ISA…IEA."""

    sender_qualifier: str
    sender: str
    receiver_qualifier: str
    receiver: str
    control_number: str
    usage: str
    separators: Separators
    groups: tuple[Group, ...]


def read_interchange(text: str) -> Interchange:
    """Read exactly one interchange.

    Parameters
    ----------
    text
        The interchange; a byte order mark, line breaks between segments and blanks before a
        segment identifier are tolerated.

    Raises
    ------
    WireError
        If the envelope is broken: ISA not of fixed width, separators alike, GS/GE or ISA/IEA
        counts or control numbers that do not agree, or anything outside an envelope. What is
        wrong inside a transaction set is left to a 999.
    """
    text = text.lstrip("\ufeff \r\n\t")
    if not text.startswith("ISA"):
        raise WireError("INVALID_X12", "the interchange does not begin with ISA")
    if len(text) < _ISA_CHARACTERS:
        raise WireError("INVALID_X12", "ISA is shorter than its fixed width of 106 characters")
    separators = _separators(text)
    raw = [piece.strip("\r\n\t ") for piece in text.split(separators.segment)]
    pieces = [piece.split(separators.element) for piece in raw if piece]
    isa = pieces[0]
    if pieces[-1][0] != "IEA":
        raise WireError("INVALID_X12", "the interchange does not end with IEA")
    iea = pieces[-1]
    groups = _groups(pieces[1:-1], separators)
    _agree("IEA01", iea, 1, str(len(groups)), numeric=True)
    _agree("IEA02", iea, 2, isa[13])
    return Interchange(
        sender_qualifier=isa[5],
        sender=isa[6].strip(),
        receiver_qualifier=isa[7],
        receiver=isa[8].strip(),
        control_number=isa[13],
        usage=isa[15],
        separators=separators,
        groups=groups,
    )


def _separators(text: str) -> Separators:
    element = text[3]
    fields = text[:_ISA_CHARACTERS].split(element)
    widths = (3, 2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1)
    if len(fields) != len(widths) + 1 or tuple(map(len, fields[:-1])) != widths:
        raise WireError("INVALID_X12", "ISA elements are not of their fixed widths")
    separators = Separators(element, fields[11], text[104], text[105])
    if len({element, separators.repetition, separators.component, separators.segment}) != 4:  # noqa: PLR2004
        raise WireError("INVALID_X12", "ISA declares the same separator twice")
    return separators


def _agree(
    name: str, piece: list[str], position: int, expected: str, *, numeric: bool = False
) -> None:
    found = piece[position] if position < len(piece) else ""
    same = (found.isdigit() and int(found) == int(expected)) if numeric else found == expected
    if not same:
        raise WireError("INVALID_X12", f"{name} should be {expected}")


def _groups(pieces: list[list[str]], separators: Separators) -> tuple[Group, ...]:
    groups: list[Group] = []
    header: list[str] | None = None
    inside: list[list[str]] = []
    for piece in pieces:
        if piece[0] == "GS":
            if header is not None:
                raise WireError("INVALID_X12", "GS within a group that GE has not closed")
            header, inside = piece, []
        elif header is None:
            raise WireError("INVALID_X12", f"segment {piece[0]} stands outside any group")
        elif piece[0] == "GE":
            sets = _sets(inside, separators)
            _agree("GE01", piece, 1, str(len(sets)), numeric=True)
            _agree("GE02", piece, 2, header[6] if len(header) > 6 else "")  # noqa: PLR2004
            if len(header) < 9:  # noqa: PLR2004
                raise WireError("INVALID_X12", "GS has fewer than eight elements")
            groups.append(Group(header[1], header[2], header[3], header[6], header[8], sets))
            header = None
        else:
            inside.append(piece)
    if header is not None:
        raise WireError("INVALID_X12", "a group is not closed by GE")
    if not groups:
        raise WireError("INVALID_X12", "the interchange holds no group")
    return tuple(groups)


def _sets(pieces: list[list[str]], separators: Separators) -> tuple[TransactionSet, ...]:
    sets: list[TransactionSet] = []
    inside: list[Segment] = []
    for piece in pieces:
        if piece[0] == "ST" and inside:
            raise WireError("INVALID_X12", "ST within a transaction set that SE has not closed")
        if piece[0] != "ST" and not inside:
            raise WireError("INVALID_X12", f"segment {piece[0]} stands outside any transaction set")
        inside.append(Segment(piece[0], tuple(piece[1:]), len(inside) + 1, separators))
        if piece[0] == "SE":
            sets.append(_closed_set(inside))
            inside = []
    if inside:
        raise WireError("INVALID_X12", "a transaction set is not closed by SE")
    return tuple(sets)


def _closed_set(segments: list[Segment]) -> TransactionSet:
    start, end = segments[0], segments[-1]
    fault = ""
    if end.get(2) != start.get(2):
        fault = "3"
    elif not end.get(1).isdigit() or int(end.get(1)) != len(segments):
        fault = "4"
    return TransactionSet(start.get(1), start.get(2), start.get(3), tuple(segments), fault)


# --- writing --------------------------------------------------------------------------------


@dataclass(slots=True)
class SetWriter:
    """Collects the segments of one transaction set in a wire style.

    An element is text, a tuple of components, or a list of repetitions. Trailing empty
    elements and components are dropped. ``version`` is ST03; the 835 leaves it empty.
    """

    style: WireStyle
    kind: str
    control_number: str
    version: str
    _segments: list[str] = field(default_factory=list)

    def add(self, name: str, *elements: Element) -> None:
        """Append a segment."""
        written = [self._element(element) for element in elements]
        while written and not written[-1]:
            written.pop()
        self._segments.append(self.style.element.join([name, *written]))

    def _element(self, element: Element) -> str:
        if isinstance(element, str):
            return self._plain(element)
        if isinstance(element, list):
            return self.style.repetition.join(self._plain(one) for one in element)
        return self.style.component.join(self._plain(one) for one in element).rstrip(
            self.style.component
        )

    def _plain(self, text: str) -> str:
        if clash := unwritable(text, self.style):
            msg = f"an element holds the separator {clash!r}"
            raise ValueError(msg)
        return text

    @property
    def count(self) -> int:
        """How many segments were added, ST and SE not counted."""
        return len(self._segments)

    def segments(self) -> list[str]:
        """Return the whole set with ST and SE, as written segments without terminators."""
        join = self.style.element.join
        return [
            join(["ST", self.kind, self.control_number, *([self.version] if self.version else [])]),
            *self._segments,
            join(["SE", str(len(self._segments) + 2), self.control_number]),
        ]


def unwritable(text: str, style: WireStyle) -> str:
    """Return the first character of the text that the style cannot carry, or an empty string."""
    taken = style.element + style.component + style.repetition + style.segment
    return next((character for character in text if character in taken or character < " "), "")


def plain_text(text: str, style: WireStyle, longest: int = 60) -> str:
    """Clean free text (a name, a street) for a style: separators become blanks."""
    taken = style.element + style.component + style.repetition + style.segment
    kept = "".join(" " if one in taken or one < " " else one for one in text)
    return " ".join(kept.split())[:longest].strip()


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who writes to whom, when, under which control number."""

    sender: str
    receiver: str
    group_code: str
    version: str
    control_number: int
    written_at: dt.datetime
    receiver_qualifier: str = "ZZ"
    usage: str = "P"


def write_interchange(envelope: Envelope, sets: Sequence[SetWriter], style: WireStyle) -> bytes:
    """Write one interchange with one group that holds the given sets, in a wire style."""
    when = envelope.written_at
    join = style.element.join
    control = f"{envelope.control_number:09d}"
    lines: list[str] = [
        join(
            [
                "ISA", "00", " " * 10, "00", " " * 10, "ZZ", f"{envelope.sender:<15}",
                envelope.receiver_qualifier, f"{envelope.receiver:<15}",
                when.strftime("%y%m%d"), when.strftime("%H%M"), style.repetition, "00501",
                control, "0", envelope.usage, style.component,
            ]
        ),
        join(
            [
                "GS", envelope.group_code, envelope.sender, envelope.receiver,
                date8(when.date()), when.strftime("%H%M"), str(envelope.control_number), "X",
                envelope.version,
            ]
        ),
    ]  # fmt: skip
    for one in sets:
        lines.extend(one.segments())
    lines.append(join(["GE", str(len(sets)), str(envelope.control_number)]))
    lines.append(join(["IEA", "1", control]))
    mark = "\ufeff" if style.byte_order_mark else ""
    return (mark + _terminated(lines, style)).encode()


def _terminated(lines: Iterable[str], style: WireStyle) -> str:
    end = style.segment + style.line_breaks
    return "".join(line + end for line in lines)
