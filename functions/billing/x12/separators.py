"""The characters that cut an interchange into segments, elements and components."""

from __future__ import annotations

from typing import NamedTuple


class Separators(NamedTuple):
    r"""Delimiters of one interchange, as its ISA segment declares them.

    Attributes
    ----------
    element
        The character after the letters ISA.
    repetition
        ISA11; empty when ISA11 is a letter or digit, as the ``U`` of version 00401.
    component
        ISA16.
    segment
        The character after ISA16.
    line_break
        What follows each terminator for people's eyes: ``""``, ``"\n"`` or ``"\r\n"``. It is no
        part of X12 and is ignored in reading.
    """

    element: str = "*"
    repetition: str = "^"
    component: str = ":"
    segment: str = "~"
    line_break: str = ""


DEFAULT_SEPARATORS = Separators()

# Segments made from models hold separators that no text may contain; writing puts the
# interchange's own in their place, so a model does not depend on the file it will go into.
MODEL_SEPARATORS = Separators("\x1d", "\x1e", "\x1f", "\x1c")
