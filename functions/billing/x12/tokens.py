"""From bytes to segments: separators, byte order mark, line breaks, interchange boundaries.

The file is read in chunks and given on in batches, so memory does not grow with the file. Bytes
are taken as Latin-1, one character each, so offsets are exact and every byte comes back in
writing; text fields are decoded when they are read.
"""

from __future__ import annotations

from io import BytesIO
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING, BinaryIO

from .envelope import ISA_WIDTHS, Interchange
from .errors import X12Error
from .kinds import BLANKS, UNEVEN, is_uneven
from .separators import Separators

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from .kinds import Kinds

CHUNK_BYTES = 65_536
SEGMENT_BYTES_MAX = 1_048_576
_BYTE_ORDER_MARK = "\xef\xbb\xbf"
_ISA_LENGTH = 3 + len(ISA_WIDTHS) + sum(ISA_WIDTHS) + 1
_head = itemgetter(slice(4))


class Batch:
    """Consecutive segments of one interchange.

    Attributes
    ----------
    segments
        Without terminators and line breaks.
    interchange
        The interchange they stand in.
    byte_start, byte_end
        The first byte of the first segment in the file, and the byte after the last.
    stride
        Bytes of terminator and line break after each segment, when these are regular.
    offsets
        Byte of each segment and of the end, when line breaks are irregular; otherwise None.
    opens
        Whether the first segment is the ISA.
    ends_at
        Set by whoever takes the segments: the interchange ended, and what follows this byte is
        to be cut anew, for the next interchange may have other separators.
    """

    __slots__ = (
        "_kinds",
        "_lengths",
        "_text",
        "byte_end",
        "byte_start",
        "ends_at",
        "interchange",
        "offsets",
        "opens",
        "segments",
        "stride",
    )

    def __init__(
        self,
        segments: list[str],
        interchange: Interchange,
        byte_start: int,
        byte_end: int,
        *,
        stride: int = 1,
        offsets: list[int] | None = None,
        opens: bool = False,
        text: str = "",
    ) -> None:
        self.segments = segments
        self.interchange = interchange
        self.byte_start = byte_start
        self.byte_end = byte_end
        self.stride = stride
        self.offsets = offsets
        self.opens = opens
        self.ends_at: int | None = None
        self._text = text
        # Running sums of the segments' lengths, made when a byte is asked for.
        self._lengths: list[int] = []
        self._kinds: tuple[Kinds, bytes] | None = None

    def byte_of(self, index: int) -> int:
        """Give the byte at which segment ``index`` begins; its length gives the batch's end."""
        if self.offsets is not None:
            return self.offsets[index]
        if not index:
            return self.byte_start
        if not self._lengths:
            self._lengths = list(accumulate(map(len, self.segments)))
        return self.byte_start + self._lengths[index - 1] + self.stride * index

    def kinds(self, by_head: Kinds) -> bytes:
        """Give each segment's kind as one byte, after straightening the batch if it is uneven."""
        if self._kinds is None or self._kinds[0] is not by_head:
            kinds = bytes(map(by_head.__getitem__, map(_head, self.segments)))
            if UNEVEN in kinds and self.offsets is None:
                self.straighten()
                return self.kinds(by_head)
            self._kinds = by_head, kinds
        return self._kinds[1]

    def is_uneven(self, segment: str) -> bool:
        """Say whether a segment is empty or begins with a blank, and so needs `straighten`."""
        return self.offsets is None and is_uneven(segment)

    def straighten(self) -> None:
        """Leave out empty segments and blanks before segments, which are no part of X12.

        Segments before the first uneven one keep their index.
        """
        terminator = self.interchange.separators.segment
        self.segments, self.offsets, self._kinds = [], [], None
        at = self.byte_start
        for raw in self._text.split(terminator):
            segment = raw.replace("\r", "").replace("\n", "").lstrip(BLANKS)
            if segment:
                self.segments.append(segment)
                self.offsets.append(at + len(raw) - len(raw.lstrip(BLANKS)))
            at += len(raw) + 1
        self.offsets.append(self.byte_end)
        self._text = ""


class Uncut:
    """Bytes that could not be cut into segments, and why.

    Attributes
    ----------
    error
        What was expected.
    raw
        The bytes, at most a mebibyte of them, one character each.
    byte_start, byte_end
        Where they stand in the file.
    """

    __slots__ = ("byte_end", "byte_start", "error", "raw")

    def __init__(self, error: X12Error, raw: str, byte_start: int, byte_end: int) -> None:
        self.error = error
        self.raw = raw
        self.byte_start = byte_start
        self.byte_end = byte_end


class _Window:
    """The part of the file in memory: characters not yet given on, and where they begin."""

    __slots__ = ("at_end", "byte", "file", "text")

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.text = ""
        self.byte = 0
        self.at_end = False

    def more(self) -> None:
        """Read one more chunk."""
        chunk = self.file.read(CHUNK_BYTES)
        if chunk:
            self.text += chunk.decode("latin-1")
        else:
            self.at_end = True

    def drop(self, count: int) -> None:
        """Forget the first characters: they are dealt with."""
        self.text = self.text[count:]
        self.byte += count


def batches(file: BinaryIO | bytes, name: str = "") -> Iterator[Batch | Uncut]:
    """Cut a file into batches of segments.

    What cannot be cut is given as `Uncut`; reading goes on at the next ISA.

    Parameters
    ----------
    file
        An open binary file, or its content.
    name
        How errors name it.
    """
    window = _Window(BytesIO(file) if isinstance(file, bytes) else file)
    window.more()
    if window.text.startswith(_BYTE_ORDER_MARK):
        window.drop(len(_BYTE_ORDER_MARK))
    while True:
        opening = yield from _next_interchange(window, name)
        if opening is None:
            return
        interchange, width = opening
        separators = interchange.separators
        isa = separators.element.join(("ISA", *interchange.elements))
        # A wrapped ISA is longer in the file than its segment, so its end is given apart.
        offsets = [window.byte, window.byte + width]
        yield Batch([isa], interchange, *offsets, offsets=offsets, opens=True)
        window.drop(width)
        yield from _interchange_batches(window, interchange, name)


def separators_of(head: str) -> tuple[tuple[str, ...], Separators, int]:
    """Read an ISA segment at the start of a text.

    Returns
    -------
    tuple
        ISA01 to ISA16, the separators, and the characters used, line break included.

    Raises
    ------
    X12Error
        ``isa_width`` or ``isa_separators``.
    """
    width = _ISA_LENGTH
    fixed = head[:width]
    if "\n" in fixed[:-1] or "\r" in fixed[:-1]:
        # Some senders wrap everything at 80 columns, the ISA included.
        width = 0
        kept = 0
        while width < len(head) and kept < _ISA_LENGTH:
            kept += head[width] not in "\r\n"
            width += 1
        fixed = head[:width].replace("\r", "").replace("\n", "")
    element = fixed[3:4]
    elements = tuple(fixed[4:-1].split(element)) if element else ()
    if len(fixed) != _ISA_LENGTH or tuple(map(len, elements)) != ISA_WIDTHS:
        raise X12Error(
            "isa_width",
            expected=f"an ISA segment of {_ISA_LENGTH} characters, every element of fixed width",
            segment_id="ISA",
        )
    terminator, component, repetition = fixed[-1], elements[15], elements[10]
    if repetition.isalnum() or repetition == " ":
        repetition = ""
    taken = [element, component, terminator, *repetition]
    if len(set(taken)) != len(taken) or any(each.isalnum() or each == " " for each in taken):
        raise X12Error(
            "isa_separators",
            expected="separators that differ and are neither letters, digits nor blanks",
            segment_id="ISA",
        )
    line_break = ""
    if terminator != "\n":
        for each in ("\r\n", "\n", "\r"):
            if head.startswith(each, width) and each != terminator:
                line_break = each
                break
    separators = Separators(element, repetition, component, terminator, line_break)
    return elements, separators, width + len(line_break)


def _next_interchange(
    window: _Window, name: str
) -> Generator[Uncut, None, tuple[Interchange, int] | None]:
    """Go to the next ISA; whatever stands before it is given as one `Uncut`."""
    start, raw, error = window.byte, "", None
    while True:
        while len(window.text) < _ISA_LENGTH * 2 and not window.at_end:
            window.more()
        blanks = len(window.text) - len(window.text.lstrip(BLANKS))
        if blanks:
            window.drop(blanks)
            if not raw:
                start = window.byte
            continue
        opening: tuple[Interchange, int] | None = None
        if window.text.startswith("ISA"):
            try:
                elements, separators, width = separators_of(window.text[: _ISA_LENGTH * 2])
                opening = Interchange(elements, separators), width
            except X12Error as problem:
                error = error or X12Error(
                    problem.code,
                    expected=problem.expected,
                    file=name,
                    segment_number=1,
                    byte_offset=window.byte,
                    segment_id="ISA",
                )
        if opening is not None or not window.text:
            if raw:
                error = error or X12Error(
                    "no_interchange",
                    expected="an interchange, which begins with the letters ISA",
                    file=name,
                    byte_offset=start,
                )
                yield Uncut(error, raw, start, window.byte)
            return opening
        skipped = _next_candidate(window.text)
        if len(raw) < SEGMENT_BYTES_MAX:
            raw += window.text[:skipped]
        window.drop(skipped)


def _begins_interchange(text: str) -> bool:
    """Say whether the next thing is an ISA segment, whatever its separators."""
    start = text[:_ISA_LENGTH].lstrip(BLANKS)
    return start.startswith("ISA") and not start[3:4].isalnum()


def _next_candidate(text: str) -> int:
    """Find the next place, after the first character, that may begin an ISA."""
    at = text.find("ISA", 1)
    while 0 < at < len(text) - 6:
        # ISA01 has two characters, so the element separator comes again three further on.
        if text[at + 3] == text[at + 6]:
            return at
        at = text.find("ISA", at + 1)
    # The last letters may be the beginning of an ISA not yet read.
    return at if at > 0 else max(1, len(text) - 2)


def _interchange_batches(
    window: _Window, interchange: Interchange, name: str
) -> Iterator[Batch | Uncut]:
    """Give the segments after the ISA, until a batch is said to end the interchange."""
    separators = interchange.separators
    terminator, line_break = separators.segment, separators.line_break
    while True:
        text = window.text
        if _begins_interchange(text):
            # The one before has no IEA; its terminator may not even occur in this one.
            return
        end = text.rfind(terminator) + 1
        if not end:
            if not window.at_end and len(text) <= SEGMENT_BYTES_MAX:
                window.more()
                continue
            if text.strip(BLANKS):
                yield _rest(window, interchange, name)
            return
        if text.startswith(line_break, end):
            end += len(line_break)
        elif len(text) < end + len(line_break) and not window.at_end:
            window.more()
            continue
        batch = cut_batch(text[:end], interchange, window.byte)
        yield batch
        if batch.ends_at is not None:
            window.drop(batch.ends_at - window.byte)
            return
        window.drop(end)
        if not window.at_end:
            window.more()


def _rest(window: _Window, interchange: Interchange, name: str) -> Batch | Uncut:
    """Give what has no terminator, and forget it."""
    text = window.text
    rest = text.strip(BLANKS)
    if window.at_end and rest.startswith("IEA" + interchange.separators.element):
        # Editors drop the last terminator; the control number proves that the rest is there.
        start = window.byte + len(text) - len(text.lstrip(BLANKS))
        offsets = [start, window.byte + len(text.rstrip(BLANKS))]
        window.drop(len(text))
        return Batch([rest], interchange, *offsets, offsets=offsets)
    error = X12Error(
        "no_terminator",
        expected=f"a segment terminator within {SEGMENT_BYTES_MAX} bytes, before the file ends",
        file=name,
        interchange=interchange.control_number,
        byte_offset=window.byte,
    )
    start = window.byte
    skipped = _next_candidate(window.text) if "ISA" in window.text[1:] else len(window.text)
    raw = window.text[: min(skipped, SEGMENT_BYTES_MAX)]
    window.drop(skipped)
    return Uncut(error, raw, start, window.byte)


def cut_batch(text: str, interchange: Interchange, byte: int) -> Batch:
    """Cut a text that ends with a terminator into segments."""
    separators = interchange.separators
    terminator, line_break = separators.segment, separators.line_break
    whole = terminator + line_break
    end = byte + len(text)
    if text.endswith(whole) and _is_regular(text, terminator, line_break):
        segments = text.split(whole)
        segments.pop()
        return Batch(segments, interchange, byte, end, stride=len(whole), text=text)
    batch = Batch([], interchange, byte, end, text=text)
    batch.straighten()
    return batch


def _is_regular(text: str, terminator: str, line_break: str) -> bool:
    """Say whether every segment is followed by the same line break and none has one in it."""
    whole = terminator + line_break
    for each in "\r\n":
        if each not in whole and each in text:
            return False
    if not line_break:
        return True
    count = text.count(terminator)
    return text.count(whole) == count and all(text.count(each) == count for each in line_break)


def segments(file: BinaryIO | bytes, name: str = "") -> Iterator[tuple[str, Interchange] | Uncut]:
    """Give a file's segments one by one, each with its interchange; for people and for tests."""
    for batch in batches(file, name):
        if isinstance(batch, Uncut):
            yield batch
            continue
        if any(batch.is_uneven(segment) for segment in batch.segments):
            batch.straighten()
        cut = batch.interchange.separators.element
        for index, segment in enumerate(batch.segments):
            if index and segment.startswith("ISA") and not segment[3:4].isalnum():
                batch.ends_at = batch.byte_of(index)
                break
            yield segment, batch.interchange
            if segment.startswith("IEA" + cut):
                batch.ends_at = batch.byte_of(index + 1)
                break
