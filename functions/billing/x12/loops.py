"""Loops: models that *are* their segments.

A loop holds the segments it was read from, in wire order, and its named fields read them when
asked. So nothing can get lost: a segment or element that no field names is still there, is
counted and is written back in its place. A loop made in memory from named fields builds its
segments once, in the order in which the fields are declared.

A subclass declares each field with one of the functions of `fields`::

    class ServiceLine(Loop):
        charge_cents: int = cents("SV1", 2)
        line_control_number: str | None = text("REF", 2, where=(1, "6R"), default=None)

and gets a keyword-only constructor that type checkers understand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform

from .codecs import decimal_in, decimal_out, text_of
from .descriptors import (
    ELEMENT,
    REQUIRED,
    Child,
    Draft,
    Field,
    Layout,
    Many,
    Where,
    matches,
    trimmed,
)
from .errors import X12Error
from .fields import (
    cents,
    day,
    decimal,
    integer,
    loop,
    period,
    procedure_at,
    text,
)
from .origins import Origin, Trace
from .rendering import number_hierarchy, render
from .separators import MODEL_SEPARATORS, Separators
from .values import Segment

Part = TypeVar("Part", bound="Loop")

Place = tuple[Trace, int, int, int, list[int] | None, int, "Loop | None"]
"""A loop's origin, not yet worked out: what `Origin` is made of."""

# For a loop in a loop, the place and segments of that one and where in them it begins. Not the
# outer loop itself: loops that know each other would wait for the garbage collector.
_Place = Place | tuple["Origin | _Place | None", Sequence[str], int]


def _origin_at(place: Origin | _Place | None) -> Origin | None:
    if not isinstance(place, tuple):
        return place
    if len(place) == 3:  # noqa: PLR2004
        outer, segments, start = place
        origin = _origin_at(outer)
        return origin.shifted(segments, start) if origin else None
    return Origin(*place)


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    # The other functions of `fields` declare what may be left out.
    field_specifiers=(text, cents, decimal, integer, day, procedure_at, period, loop),
)
class Loop:
    """A run of segments with named, typed, read-only fields.

    Two loops are equal when their segments are, whatever separators they were written with.
    """

    # Values of fields, once read, stand in the loop's own namespace.
    __slots__ = ("__dict__", "_by_name", "_layout", "_origin", "separators", "wire_segments")

    _fields: ClassVar[dict[str, Field | Many]] = {}
    _children: ClassVar[dict[str, Child]] = {}
    _triggers: ClassVar[dict[str, tuple[Child, ...]]] = {}
    _openers: ClassVar[tuple[str, ...]] = ()
    _evenly: ClassVar[str] = ""
    _tail: ClassVar[frozenset[str]] = frozenset()
    _levels: ClassVar[tuple[str, ...]] = ()
    _level_aliases: ClassVar[Mapping[str, str]] = {}
    _last_level_says_children: ClassVar[bool] = True
    _known: ClassVar[frozenset[str]] = frozenset()

    wire_segments: Sequence[str]
    separators: Separators
    _origin: Origin | _Place | None
    # Worked out when first asked for.
    _layout: Layout | None
    _by_name: dict[str, list[list[str]]] | None

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
            if isinstance(value, Child):
                children[name] = value
            elif isinstance(value, (Field, Many)):
                fields[name] = value
        own = [field for field in fields.values() if isinstance(field, Field)]
        for field in fields.values():
            if isinstance(field, Many) and field.only is None:
                field.skipped = tuple(
                    {f.where for f in own if f.segment == field.segment and f.where is not None}
                )
        triggers: dict[str, tuple[Child, ...]] = {}
        for child in children.values():
            triggers[child.segment] = (*triggers.get(child.segment, ()), child)
        cls._fields = fields
        cls._children = children
        cls._triggers = triggers
        cls._tail = cls._tail | frozenset(tail)
        cls._known = cls._known | frozenset(also) | frozenset(f.segment for f in fields.values())
        cls._openers = (*triggers, *cls._tail)
        cls._evenly = ""
        if not cls._tail and len(children) == 1:
            (child,) = children.values()
            cls._evenly = child.name if child.where is None and child.many else ""

    def __init__(self, **values: Any) -> None:
        head, tail = Draft(), Draft()
        for name, field in self._fields.items():
            draft = tail if field.segment in self._tail else head
            value = values.pop(name, field.default)
            if value is REQUIRED:
                raise TypeError(f"{type(self).__name__} requires {name}")
            try:
                field.draft(draft, value)
            except X12Error as error:
                raise X12Error(
                    error.code,
                    expected=f"{name}: {error.expected}",
                    segment_id=field.segment,
                    element=field.reference if isinstance(field, Field) else "",
                ) from None
        nested: list[str] = []
        for child in sorted(self._children.values(), key=lambda child: child.rank):
            value = values.pop(child.name, child.default)
            if value is REQUIRED:
                raise TypeError(f"{type(self).__name__} requires {child.name}")
            nested.extend(child.draft(value))
        if values:
            raise TypeError(f"{type(self).__name__} has no {', '.join(values)}")
        segments: tuple[str, ...] = (
            *(trimmed(elements, ELEMENT) for elements in head.order.values()),
            *nested,
            *(trimmed(elements, ELEMENT) for elements in tail.order.values()),
        )
        if self._levels:
            segments = number_hierarchy(
                segments,
                self._levels,
                self._level_aliases,
                last_level_says_children=self._last_level_says_children,
            )
        self.wire_segments = segments
        self.separators = MODEL_SEPARATORS
        self._origin = None
        self._layout = self._by_name = None

    @classmethod
    def of(
        cls,
        segments: Sequence[str],
        separators: Separators,
        origin: Origin | _Place | None = None,
    ) -> Self:
        """Take segments as they stand on the wire, without terminators, as this loop."""
        made = cls.__new__(cls)
        made.wire_segments = segments
        made.separators = separators
        made._origin = origin  # noqa: SLF001 - it is this class
        made._layout = made._by_name = None  # noqa: SLF001
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
        return f"<{type(self).__name__} of {len(self.wire_segments)} segments>"

    @property
    def origin(self) -> Origin | None:
        """Where the loop was read; None for one made in memory."""
        # Worked out when asked for: few loops are ever asked.
        if isinstance(self._origin, tuple):
            self._origin = _origin_at(self._origin)
        return self._origin

    @property
    def byte_start(self) -> int:
        """The loop's first byte in the file, from 0; -1 for one made in memory."""
        return self.origin.byte_start if self.origin else -1

    @property
    def byte_end(self) -> int:
        """The byte after the loop's last, its terminator and line break included; -1 as above."""
        written = self.wire_segments
        return self.origin.byte_of(written, len(written)) if self.origin else -1

    @property
    def segments(self) -> tuple[str, ...]:
        """All segments, child loops included, as on the wire but without terminators."""
        return tuple(self.wire_segments)

    def rendered(self, separators: Separators) -> tuple[str, ...]:
        """Give the segments written with other separators.

        Raises
        ------
        X12Error
            ``separator_in_text`` when an element contains one of the separators wanted.
        """
        return render(self.wire_segments, self.separators, separators)

    def all(self, segment: str) -> tuple[Segment, ...]:
        """Give every own segment of a kind, child loops excluded, cut into elements."""
        return tuple(
            Segment(e[0], tuple(text_of(x, self.separators) for x in e[1:]))
            for _, e in self.own(segment)
        )

    def unknown_segments(self) -> tuple[tuple[int, str], ...]:
        """Give (position in the loop, segment id) of segments that belong to no known place."""
        return tuple(self.unknown_from(0))

    def as_dict(self) -> dict[str, Any]:
        """Give all fields by name, child loops nested, absent ones left out.

        Raises
        ------
        X12Error
            When an element cannot be read as its field's type.
        """
        given: dict[str, Any] = {}
        for name in self._fields:
            value = getattr(self, name)
            if value not in (None, "", ()):
                given[name] = value
        for name, child in self._children.items():
            found = self.layout().children.get(name, ())
            if found:
                dicts = [each.as_dict() for each in found]
                given[name] = dicts if child.many else dicts[0]
        return given

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """Give the names of all fields and child loops, in the order of the segments."""
        return (*cls._fields, *cls._children)

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
        for name in self._fields:
            try:
                getattr(self, name)
            except X12Error as error:
                yield error
        for name, child in self._children.items():
            found = self.layout().children.get(name, ())
            if not found and child.default is REQUIRED:
                try:
                    child.__get__(self)
                except X12Error as error:
                    yield error
            for each in found:
                yield from each.problems()

    def unknown_from(self, start: int) -> Iterator[tuple[int, str]]:
        """Give unknown segments, positions counted from ``start``."""
        known = self._known | self._tail
        cut = self.separators.element
        layout = self.layout()
        for index in chain.from_iterable(layout.own):
            name = self.wire_segments[index].partition(cut)[0]
            if name not in known:
                yield start + index, name
        for name, children in layout.children.items():
            for child, at in zip(children, layout.starts[name], strict=True):
                yield from child.unknown_from(start + at)

    def by_name(self) -> dict[str, list[list[str]]]:
        """Give the loop's own segments, child loops excluded, cut into elements, by name."""
        if self._by_name is not None:
            return self._by_name
        cut = self.separators.element
        own = self.wire_segments
        if self._openers:
            ranges = self.layout().own
            if len(ranges) == 1:
                own = own[ranges[0].start : ranges[0].stop]
            else:
                own = [own[index] for index in chain.from_iterable(ranges)]
        by_name: dict[str, list[list[str]]] = {}
        for written in own:
            elements = written.split(cut)
            name = elements[0]
            if name in by_name:
                by_name[name].append(elements)
            else:
                by_name[name] = [elements]
        self._by_name = by_name
        return by_name

    def layout(self) -> Layout:
        """Divide the segments into own ones and child loops."""
        layout = self._layout
        if layout is None:
            layout = self._layout = self._divide()
        return layout

    def _divide(self) -> Layout:
        layout = Layout()
        if self._evenly and self._divided_evenly(layout, self._children[self._evenly]):
            return layout
        segments, cut, openers = self.wire_segments, self.separators.element, self._openers
        current: Child | None = None
        start = rank = 0
        # The loop's own first segment never opens a child of the same letters (HL in HL).
        for index in [at for at, each in enumerate(segments) if each.startswith(openers) and at]:
            written = segments[index]
            name = written.partition(cut)[0]
            opened = None
            if name in self._triggers:
                opened = self._opened(self._triggers[name], written, rank)
            if opened is None and (current is None or name not in self._tail):
                continue
            self._close(layout, current, start, index)
            current, start = opened, index
            if opened is not None:
                rank = opened.rank
        self._close(layout, current, start, len(segments))
        return layout

    def _divided_evenly(self, layout: Layout, child: Child) -> bool:
        """Divide where each segment of one name begins a child; quicker, for most are such."""
        end, opener = self.separators.segment, child.segment + self.separators.element
        text = end.join(self.wire_segments)
        own, *pieces = text.split(end + opener)
        if text.count(end + child.segment) != len(pieces) or text.count(end) + 1 != len(
            self.wire_segments
        ):
            return False
        start = own.count(end) + 1
        layout.own.append(range(start))
        children, starts, place = [], [], (self._origin, self.wire_segments)
        for piece in pieces:
            segments = (opener + piece).split(end)
            children.append(child.kind.of(segments, self.separators, (*place, start)))
            starts.append(start)
            start += len(segments)
        if children:
            layout.children[child.name] = children
            layout.starts[child.name] = starts
        return True

    def _opened(self, candidates: tuple[Child, ...], written: str, rank: int) -> Child | None:
        elements: list[str] | None = None
        for child in candidates:
            if child.rank < rank:
                continue
            if child.where is None:
                return child
            if elements is None:
                elements = written.split(self.separators.element)
            if matches(elements, child.where, self.separators):
                return child
        return None

    def _close(self, layout: Layout, child: Child | None, start: int, end: int) -> None:
        """Note that own segments, or those of a child, go from ``start`` to ``end``."""
        if child is None:
            layout.own.append(range(start, end))
            return
        made = self.part(child.kind, start, end)
        if child.name in layout.children:
            layout.children[child.name].append(made)
            layout.starts[child.name].append(start)
        else:
            layout.children[child.name] = [made]
            layout.starts[child.name] = [start]

    def part(self, kind: type[Part], start: int, end: int) -> Part:
        """Give the segments from ``start`` to ``end`` as a loop of their own."""
        place = (self._origin, self.wire_segments, start)
        return kind.of(self.wire_segments[start:end], self.separators, place)

    def own(self, segment: str) -> Iterator[tuple[int, list[str]]]:
        """Give the own segments of a kind: position and elements."""
        cut = self.separators.element
        for index in chain.from_iterable(self.layout().own):
            written = self.wire_segments[index]
            if written.startswith(segment):
                elements = written.split(cut)
                if elements[0] == segment:
                    yield index, elements

    def first_own(self, segment: str, where: Where | None) -> tuple[int, list[str]] | None:
        """Give the first own segment of a kind that matches."""
        for each in self.own(segment):
            if where is None or matches(each[1], where, self.separators):
                return each
        return None

    def _decimal(self, segment: str, element: int) -> Decimal:
        """Read a required amount exactly."""
        value: Decimal = Field(
            segment,
            element,
            0,
            where=None,
            decode=decimal_in,
            encode=decimal_out,
            expected="a decimal amount of at most 18 digits",
            default=REQUIRED,
        ).read(self)
        return value

    def error_at(
        self, code: str, index: int, segment_id: str, element: str, expected: str
    ) -> X12Error:
        """Make an error placed at one of the loop's segments."""
        if self.origin is None:
            return X12Error(code, expected=expected, segment_id=segment_id, element=element)
        return self.origin.error(
            code,
            expected=expected,
            segments=self.wire_segments,
            index=index,
            segment_id=segment_id,
            element=element,
        )
