"""What stands between ST and SE, taken batch by batch."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from .kinds import STOP, kinds_within
from .origins import Origin, Trace
from .tokens import SEGMENT_BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from .envelope import Envelope
    from .errors import X12Error
    from .loops import Loop, Place
    from .tokens import Batch

Piece = tuple[list[str], int, list[int] | None]
"""Consecutive segments, the byte of the first, and the bytes of all where these are irregular."""


class Run:
    """Segments gathered across batches, with what is needed to place each in the file."""

    __slots__ = ("byte_start", "offsets", "segments", "stride")

    def __init__(self) -> None:
        self.segments: list[str] = []
        self.byte_start = 0
        self.stride = 1
        self.offsets: list[int] | None = None

    def add(self, taken: list[str], byte: int, stride: int, offsets: list[int] | None) -> None:
        """Take segments that begin at ``byte``; ``offsets`` when these are irregular."""
        if not taken:
            return
        if not self.segments:
            self.byte_start, self.stride = byte, stride
        if self.offsets is None and (offsets is not None or stride != self.stride):
            self.offsets = _offsets(self.segments, self.byte_start, self.stride)
        if self.offsets is not None:
            self.offsets.pop()
            self.offsets += offsets if offsets is not None else _offsets(taken, byte, stride)
        if self.segments:
            self.segments += taken
        else:
            self.segments = taken

    def extend(self, batch: Batch, start: int, stop: int) -> None:
        """Take ``batch.segments[start:stop]``."""
        offsets = batch.offsets[start : stop + 1] if batch.offsets is not None else None
        byte = batch.byte_of(start) if start < stop else 0
        self.add(batch.segments[start:stop], byte, batch.stride, offsets)

    def pieces(self, bounds: list[int]) -> Iterator[Piece]:
        """Take the segments between bounds, of which the first is 0, off the front; see `rest`."""
        for start, stop in pairwise(bounds):
            piece = self.segments[start:stop]
            if self.offsets is None:
                byte = self.byte_start
                self.byte_start += len("".join(piece)) + self.stride * len(piece)
                yield piece, byte, None
            else:
                yield piece, self.offsets[start], self.offsets[start : stop + 1]

    def rest(self, start: int) -> Run:
        """Give the segments from ``start`` on, once all before have been taken off."""
        rest = Run()
        if self.offsets is None:
            rest.add(self.segments[start:], self.byte_start, self.stride, None)
        else:
            offsets = self.offsets[start:]
            rest.add(self.segments[start:], offsets[0], self.stride, offsets)
        return rest


class Hand:
    """What is in hand of a transaction: segments, each one's kind, and the first one's number.

    Attributes
    ----------
    run
        The segments.
    kinds
        One byte for each; see `kinds`.
    number
        The first segment's place in the transaction, ST being 1.
    """

    __slots__ = ("kinds", "number", "run")

    def __init__(self) -> None:
        self.run = Run()
        self.kinds = bytearray()
        self.number = 2

    def take(self, batch: Batch, kinds: bytes, start: int, stop: int) -> None:
        """Take segments of a batch."""
        self.run.extend(batch, start, stop)
        self.kinds += kinds[start:stop]

    def let_go(self, count: int) -> None:
        """Hold the first segments no longer."""
        self.number += count
        self.run = self.run.rest(count)
        del self.kinds[:count]

    def place(
        self, trace: Trace, at: int, piece: Piece, ordinal: int = 0, within: Loop | None = None
    ) -> Place:
        """Say where a piece that begins at ``at`` was read; see `Origin`."""
        return trace, self.number + at, piece[1], self.run.stride, piece[2], ordinal, within

    def bounds(self, opens: bytes, *, are_whole: bool) -> list[int]:
        """Give where each part begins, and where the last one ends.

        Parameters
        ----------
        opens
            A table that tells segments which open a part; the one in hand has been opened.
        are_whole
            Nothing more can come of the last part. If not, it is left out.
        """
        opening = self.kinds.translate(opens)
        if not are_whole and opening.rfind(1) <= 0:
            # One part that goes on, perhaps for many batches, is not cut up for each of them.
            return []
        sizes = [len(part) + 1 for part in opening.split(b"\x01")]
        bounds = list(accumulate(sizes, initial=-1))[1:]
        return bounds if are_whole else bounds[:-1]


def _offsets(segments: list[str], byte: int, stride: int) -> list[int]:
    """Give the byte of each segment, and of the end."""
    offsets = [byte]
    for segment in segments:
        byte += len(segment) + stride
        offsets.append(byte)
    return offsets


class Body:
    """What stands between ST and SE, taken as it comes."""

    def __init__(self, envelope: Envelope, byte_start: int) -> None:
        self.envelope = envelope
        self.byte_start = byte_start
        self.segment_count = 0
        self.se: tuple[str, ...] = ()
        self.error: X12Error | None = None
        self.trace = Trace(
            envelope.file,
            envelope.interchange.control_number,
            envelope.group.control_number if envelope.group else "",
            envelope.control_number,
        )

    def feed(self, batch: Batch, start: int) -> Generator[Any, None, int]:
        """Take segments from ``start``; return the index of the first that is not the body's."""
        raise NotImplementedError

    def finish(self, byte_end: int) -> Iterator[Any]:
        """Give what remains to be given once the SE has been found right."""
        raise NotImplementedError

    def evidence(self) -> bytes:
        """Give the bytes held, for a refusal."""
        return b""

    def faults(self) -> Iterator[X12Error]:
        """Give what else is wrong with what is held, for a refusal."""
        return iter(())

    def origin(self, segment_number: int, run: Run) -> Origin:
        """Make the origin of segments of this transaction."""
        return Origin(self.trace, segment_number, run.byte_start, run.stride, run.offsets)

    def _stop_at(self, batch: Batch, start: int) -> int:
        """Find the next segment of the envelope."""
        cut = self.envelope.interchange.separators.element
        return stop_in(batch.kinds(kinds_within(cut)), start)


def stop_in(kinds: bytes, start: int) -> int:
    """Find where the transaction ends; the length where it goes on."""
    stop = kinds.find(STOP, start)
    return stop if stop >= 0 else len(kinds)


def raw_of(segments: Sequence[str], end: str) -> bytes:
    """Join segments to bytes, at most a mebibyte of them."""
    kept, size = [], 0
    for segment in segments:
        size += len(segment) + len(end)
        if size > SEGMENT_BYTES_MAX:
            break
        kept.append(segment + end)
    return "".join(kept).encode("latin-1")


class OtherBody(Body):
    """A transaction of a kind that was not asked for: passed over, and refused."""

    def __init__(self, envelope: Envelope, byte_start: int, expected: str) -> None:
        super().__init__(envelope, byte_start)
        self.error = self.origin(1, Run()).error(
            "other_kind", expected=expected, found=envelope.kind, segment_id="ST", element="ST01"
        )

    def feed(self, batch: Batch, start: int) -> Generator[Any, None, int]:
        """Take segments from ``start``; see `Body.feed`."""
        stop = self._stop_at(batch, start)
        self.segment_count += stop - start
        return stop
        yield

    def finish(self, byte_end: int) -> Iterator[Any]:  # noqa: ARG002
        """Give nothing."""
        return iter(())
