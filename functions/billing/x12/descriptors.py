"""How a named field finds its element in a loop's segments, and how it is written into them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import X12Error
from .separators import MODEL_SEPARATORS, Separators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from .loops import Loop

ELEMENT = MODEL_SEPARATORS.element
COMPONENT = MODEL_SEPARATORS.component

REQUIRED: Any = object()
"""Default of a field that must be given, and must be there."""

Where = tuple[int, str | tuple[str, ...]]
"""An element and the text, or texts, that mark the segment meant: (1, "6R") for REF*6R."""


class Draft:
    """Segments under construction: elements by segment, in the order first mentioned."""

    __slots__ = ("order", "tail")

    def __init__(self) -> None:
        self.order: dict[Any, list[str]] = {}
        self.tail: set[Any] = set()

    def put(self, key: tuple[str, Where | None], element: int, component: int, text: str) -> None:
        """Set an element, or a component of it."""
        elements = self.order.get(key)
        if elements is None:
            elements = self.order[key] = [key[0]]
            if key[1] is not None:
                qualifier = key[1][1]
                self.put(
                    key, key[1][0], 0, qualifier if isinstance(qualifier, str) else qualifier[0]
                )
        while len(elements) <= element:
            elements.append("")
        if component:
            parts = elements[element].split(COMPONENT)
            while len(parts) < component:
                parts.append("")
            parts[component - 1] = text
            text = trimmed(parts, COMPONENT)
        elements[element] = text

    def put_if_empty(self, key: tuple[str, Where | None], element: int, text: str) -> None:
        """Set an element that nothing else has set."""
        elements = self.order.get(key, [])
        if element >= len(elements) or not elements[element]:
            self.put(key, element, 0, text)

    def add(self, key: object, elements: list[str]) -> None:
        """Add a whole segment."""
        self.order[key, len(self.order)] = elements


def trimmed(parts: list[str], separator: str) -> str:
    """Join parts, leaving out the empty ones at the end, as X12 wants."""
    return separator.join(parts).rstrip(separator)


class Field:
    """One element (or component) of one segment of a loop."""

    __slots__ = (
        "beside",
        "component",
        "decode",
        "default",
        "element",
        "encode",
        "expected",
        "is_optional",
        "key",
        "name",
        "segment",
        "where",
    )

    def __init__(
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
        # A default other than "absent" is what is written; reading never makes it up.
        self.is_optional = default is None or default == ()
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

    # One piece, for it is run for every value of every claim.
    def __get__(self, loop: Loop | None, owner: type | None = None) -> Any:
        if loop is None:
            return self
        values, separators = loop.__dict__, loop.separators
        if self.name in values:
            return values[self.name]
        text = ""
        group = loop.by_name().get(self.segment)
        if group is not None:
            elements = group[0]
            if self.where is not None:
                at, wanted = self.where
                if at >= len(elements) or elements[at] != wanted:
                    elements = next((e for e in group if matches(e, self.where, separators)), [])
            if self.component:
                text = picked(elements, self.element, self.component, separators)
            else:
                text = elements[self.element] if self.element < len(elements) else ""
        if text:
            try:
                value = values[self.name] = self.decode(text, separators)
            except ValueError:
                return self.read(loop)
            return value
        if self.is_optional:
            values[self.name] = self.default
            return self.default
        return self.read(loop)

    def read(self, loop: Loop) -> Any:
        """Read this field by itself, keeping in mind where it stands, to say what is wrong with it.

        Raises
        ------
        X12Error
            When it is required and absent, or malformed.
        """
        found = loop.first_own(self.segment, self.where)
        text = ""
        if found is not None:
            text = picked(found[1], self.element, self.component, loop.separators)
        if not text:
            if not self.is_optional:
                raise loop.error_at(
                    "missing_element" if found else "missing_segment",
                    found[0] if found else 0,
                    self.segment,
                    self.reference if found else "",
                    self.expected if found else f"a segment {self.segment}{described(self.where)}",
                )
            return self.default
        try:
            return self.decode(text, loop.separators)
        except ValueError as error:
            raise loop.error_at(
                code_of(error),
                found[0] if found else 0,
                self.segment,
                self.reference,
                self.expected,
            ) from None

    def draft(self, draft: Draft, value: Any) -> None:
        """Write a value into the draft."""
        if value is None or value in {"", ()}:
            return
        for element, constant in self.beside:
            draft.put_if_empty(self.key, element, constant)
        draft.put(self.key, self.element, self.component, self.encode(value))


class Many:
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
        values, separators = loop.__dict__, loop.separators
        if self.name in values:
            return values[self.name]
        found: list[Any] = []
        chooses = self.only is not None or self.skipped
        for elements in loop.by_name().get(self.segment, ()):
            if not chooses or self._is_meant(elements, separators):
                try:
                    found += self.decode(elements, separators)
                except ValueError as error:
                    raise self._misread(loop, error, elements) from None
        value = values[self.name] = tuple(found)
        return value

    def _is_meant(self, elements: list[str], separators: Separators) -> bool:
        if self.only is not None:
            return matches(elements, self.only, separators)
        return not any(matches(elements, where, separators) for where in self.skipped)

    def _misread(self, loop: Loop, error: ValueError, wrong: list[str]) -> X12Error:
        index = next(at for at, elements in loop.own(self.segment) if elements == wrong)
        return loop.error_at(code_of(error), index, self.segment, "", self.expected)

    def draft(self, draft: Draft, value: Any) -> None:
        """Write a value into the draft."""
        if not value:
            return
        for elements in self.encode(tuple(value)):
            while len(elements) > 1 and not elements[-1]:
                elements.pop()
            draft.add(self.segment, elements)


class Child:
    """A loop within the loop (at most one), or all loops of a kind."""

    __slots__ = ("default", "kind", "many", "name", "numbered", "rank", "segment", "where")

    def __init__(
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
        children = loop.layout().children.get(self.name, ())
        if self.many:
            return tuple(children)
        if children:
            return children[0]
        if self.default is REQUIRED:
            raise loop.error_at(
                "missing_loop",
                0,
                self.segment,
                "",
                f"a loop that begins with {self.segment}{described(self.where)}",
            )
        return self.default

    def draft(self, value: Any) -> Iterator[str]:
        """Write a value into the draft."""
        if value is None:
            return
        for number, child in enumerate(value if self.many else (value,), 1):
            yield from self._adapted(child, number)

    def _adapted(self, child: Loop, number: int) -> Sequence[str]:
        """Give the child's segments, its first one qualified (and numbered) as the parent says."""
        segments = child.rendered(MODEL_SEPARATORS)
        first = segments[0].split(ELEMENT) if segments else [self.segment]
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
                    expected=f"{self.name} to begin with {self.segment}{described(self.where)}",
                    segment_id=self.segment,
                    element=f"{self.segment}{element:02d}",
                )
        return (trimmed(first, ELEMENT), *segments[1:])


class Layout:
    """Where a loop's own segments stand, and its child loops, with their places, by field."""

    __slots__ = ("children", "own", "starts")

    def __init__(self) -> None:
        self.own: list[range] = []
        self.children: dict[str, list[Loop]] = {}
        self.starts: dict[str, list[int]] = {}


def described(where: Where | None) -> str:
    """Say in words which segment is meant."""
    if where is None:
        return ""
    element, wanted = where
    return f" whose element {element:02d} is {wanted if isinstance(wanted, str) else ' or '.join(wanted)}"


def picked(elements: Sequence[str], element: int, component: int, separators: Separators) -> str:
    """Give an element or a component of it, or nothing."""
    text = elements[element] if element < len(elements) else ""
    if component:
        parts = text.split(separators.component)
        text = parts[component - 1] if component <= len(parts) else ""
    return text


def matches(elements: list[str], where: Where, separators: Separators) -> bool:
    """Say whether a segment is the one meant."""
    element, wanted = where
    if element >= len(elements):
        return False
    value = elements[element]
    if value == wanted:
        return True
    # A composite is known by its first component (HI01-1, SVC01-1).
    if separators.component in value:
        value = value.partition(separators.component)[0]
    return value == wanted if isinstance(wanted, str) else value in wanted


def code_of(error: ValueError) -> str:
    """Give the stable word of a reading error."""
    code = str(error)
    return code if code.isidentifier() else "malformed_element"
