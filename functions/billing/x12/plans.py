"""Reading all fields of a loop in one pass over its own segments.

A program that reads one field of a claim reads most of them, and to look for each by itself would
cost as many searches. A plan is made once for each kind of loop; it tells by a segment's name
which fields are in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .descriptors import Field, Many, Where, matches, picked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .separators import Separators

    _Reader = tuple[Field, str, int, int, Callable[[str, Separators], Any]]
    _Qualified = tuple[int, dict[str, list[_Reader]]]
    _Lister = tuple[str, Callable[[list[str], Separators], Iterable[Any]], Where | None]
    _SegmentPlan = tuple[list[_Reader], list[_Qualified], list[_Lister]]


class Plan:
    """What to read of each segment.

    Attributes
    ----------
    absent
        Fields that may be absent, with what they then are.
    segments
        By name: the fields of the first such segment; those of the first with a certain text in
        a certain element; and those that list all such segments.
    """

    __slots__ = ("absent", "segments")

    def __init__(self, fields: Mapping[str, Field | Many]) -> None:
        self.absent: dict[str, Any] = {}
        self.segments: dict[str, _SegmentPlan] = {}
        for name, field in fields.items():
            plain, qualified, listed = self.segments.setdefault(field.segment, ([], [], []))
            if isinstance(field, Many):
                self.absent[name] = ()
                listed.append((name, field.decode, field.only))
                continue
            readers = [] if field.is_read_alone else [_reader(field)]
            if field.is_optional and readers:
                self.absent[name] = field.default
            if field.where is None:
                plain += readers
            else:
                _qualify(qualified, field.where, readers)

    def read(self, segments: Iterable[str], separators: Separators) -> dict[str, Any]:
        """Read every field; a required one that is absent is left out.

        Raises
        ------
        ValueError
            When anything is malformed; then each field must be read by itself.
        """
        found: dict[str, Any] = {}
        lists: dict[str, list[Any]] = {}
        met: set[str] = set()
        cut, plans = separators.element, self.segments
        for written in segments:
            elements = written.split(cut)
            name = elements[0]
            if name not in plans:
                continue
            plain, qualified, listed = plans[name]
            if plain and name not in met:
                met.add(name)
                count = len(elements)
                for _, field, at, component, decode in plain:
                    if at < count and elements[at]:
                        text = elements[at]
                        if component:
                            text = picked(elements, at, component, separators)
                        if text:
                            found[field] = decode(text, separators)
            is_named = bool(qualified) and _read_named(found, qualified, elements, separators)
            for field, decode_all, only in listed:
                if not is_named if only is None else matches(elements, only, separators):
                    if field in lists:
                        lists[field] += decode_all(elements, separators)
                    else:
                        lists[field] = [*decode_all(elements, separators)]
        for field, values in lists.items():
            found[field] = tuple(values)
        return {**self.absent, **found}


def _reader(field: Field) -> _Reader:
    return field, field.name, field.element, field.component, field.decode


def _qualify(qualified: list[_Qualified], where: Where, readers: list[_Reader]) -> None:
    element, wanted = where
    by_text = next((texts for at, texts in qualified if at == element), None)
    if by_text is None:
        by_text = {}
        qualified.append((element, by_text))
    for text in (wanted,) if isinstance(wanted, str) else wanted:
        by_text.setdefault(text, []).extend(readers)


def _read_named(
    found: dict[str, Any],
    qualified: list[_Qualified],
    elements: list[str],
    separators: Separators,
) -> bool:
    """Read the fields that name a segment by a text in it; say whether there are any."""
    is_named = False
    for element, by_text in qualified:
        value = elements[element] if element < len(elements) else ""
        if value not in by_text:
            # A composite is known by its first component (HI01-1, SVC01-1).
            value = value.partition(separators.component)[0]
            if value not in by_text:
                continue
        is_named = True
        for field, name, at, component, decode in by_text[value]:
            if name in found:
                continue
            text = picked(elements, at, component, separators)
            if text:
                found[name] = decode(text, separators)
            elif field.is_optional:
                found[name] = field.default
            else:
                raise ValueError("missing_element")
    return is_named
