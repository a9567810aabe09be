"""Where segments stand in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import X12Error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .loops import Loop


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

    def __init__(
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

    def error(
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
