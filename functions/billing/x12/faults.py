"""What is wrong inside a transaction whose envelope is right.

A fault is no refusal: the transaction can be read, nothing of it is lost, and whoever needs the
element at fault gets the same error when reading it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .dictionary import SEGMENTS
from .errors import X12Error
from .origins import Origin, Trace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .loops import Loop

_NOWHERE = Origin(Trace("", "", "", ""), 0, -1, 0)


def faults_of(loop: Loop) -> Iterator[X12Error]:
    """Give every fault of a loop and the loops in it, in two passes.

    First segments that lack a mandatory element of the X12 005010 segment, then elements that
    cannot be read as what they are, and segments and loops that are required and missing.
    """
    segments = loop.segments
    told: set[tuple[int, str]] = set()
    for error in _missing_elements(loop, segments):
        told.add((error.segment_number, error.element))
        yield error
    for error in loop.problems():
        if (error.segment_number, error.element) not in told:
            yield error


def _missing_elements(loop: Loop, segments: Sequence[str]) -> Iterator[X12Error]:
    cut = loop.separators.element
    for index, segment in enumerate(segments):
        elements = segment.split(cut)
        words = SEGMENTS.get(elements[0])
        if words is None:
            continue
        for number in words.mandatory:
            if number >= len(elements) or not elements[number]:
                yield (loop.origin or _NOWHERE).error(
                    "missing_element",
                    expected=words.elements[number - 1],
                    segments=segments,
                    index=index,
                    segment_id=elements[0],
                    element=f"{elements[0]}{number:02d}",
                )


def unknown_elements_of(loop: Loop) -> Iterator[tuple[int, str]]:
    """Give (position in the loop, element) of elements beyond those the segment is known to have.

    They are kept and written back like any other.
    """
    cut = loop.separators.element
    for index, segment in enumerate(loop.segments):
        elements = segment.split(cut)
        words = SEGMENTS.get(elements[0])
        if words is None:
            continue
        for number in range(len(words.elements) + 1, len(elements)):
            if elements[number]:
                yield index, f"{elements[0]}{number:02d}"
