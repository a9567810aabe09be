"""The envelope: interchanges, groups and transactions, their numbers and counts."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from .acknowledgement_999 import InterchangeAcknowledgement
from .bodies import Body, OtherBody, Run, raw_of
from .envelope import Envelope, Group, Interchange, Refusal, Transaction
from .errors import X12Error
from .origins import Origin, Trace
from .tokens import SEGMENT_BYTES_MAX, Batch, Uncut, batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# ST01 and the guide's number decide the kind; the errata after it (A1, A2) differ in the wild.
_KINDS = {
    ("837", "005010X222"): "837P",
    ("837", "005010X223"): "837I",
    ("835", "005010X221"): "835",
    ("270", "005010X279"): "270",
    ("271", "005010X279"): "271",
    ("276", "005010X212"): "276",
    ("277", "005010X212"): "277",
    ("277", "005010X214"): "277CA",
    ("999", "005010X231"): "999",
}
_GUIDES = {
    code: [guide for known, guide in _KINDS if known == code] for code in {k[0] for k in _KINDS}
}


_OTHERS_MAX = 20


class _Stray:
    """Segments outside of any transaction, gathered so that a run of them is refused once."""

    __slots__ = ("byte_end", "byte_start", "error", "segments", "size")

    def __init__(self) -> None:
        self.segments: list[str] = []
        self.size = 0
        self.byte_start = self.byte_end = -1
        self.error: X12Error | None = None


class _Scan:
    """The envelope: which interchange, group and transaction is open, and what each counted."""

    def __init__(
        self, name: str, body_of: Callable[[Envelope, int], Body], *, gives_ta1: bool
    ) -> None:
        self.name = name
        self.gives_ta1 = gives_ta1
        self.body_of = body_of
        self.interchange: Interchange | None = None
        self.group: Group | None = None
        self.body: Body | None = None
        self.group_count = self.transaction_count = self.segment_number = 0
        self.byte_start_interchange = self.byte_start_group = 0
        self.stray = _Stray()
        self.is_ended = False

    def run(self, source: Iterator[Batch | Uncut]) -> Iterator[Any]:
        """Take all batches of the file."""
        byte = 0
        for batch in source:
            byte = batch.byte_end
            if isinstance(batch, Uncut):
                yield from self._refuse_uncut(batch)
                continue
            yield from self._take_batch(batch)
        yield from self._end_interchange(byte, "IEA before the file ends")
        yield from self._flush_stray()

    def _take_batch(self, batch: Batch) -> Iterator[Any]:
        index = 0
        while index < len(batch.segments):
            if self.body is not None:
                before = index
                index = yield from self.body.feed(batch, index)
                self.segment_number += index - before
                if index >= len(batch.segments):
                    return
            segment = batch.segments[index]
            if batch.is_uneven(segment):
                batch.straighten()
                continue
            if segment.startswith("ISA") and not batch.opens and not segment[3:4].isalnum():
                # An interchange without IEA: the next one is cut by its own separators.
                batch.ends_at = batch.byte_of(index)
                return
            self.segment_number += 1
            yield from self._take(batch, index)
            index += 1
            if self.is_ended:
                self.is_ended = False
                batch.ends_at = batch.byte_of(index)
                return

    def _take(self, batch: Batch, index: int) -> Iterator[Any]:
        """Take one segment of the envelope, or one outside of any transaction."""
        interchange = batch.interchange
        elements = batch.segments[index].split(interchange.separators.element)
        taker = self._takers.get(elements[0])
        if taker is None:
            self._gather_stray(batch, index, elements[0])
            return
        yield from self._flush_stray()
        byte, end = batch.byte_of(index), batch.byte_of(index + 1)
        yield from taker(self, elements, byte, end, interchange)

    def _isa(
        self, _elements: list[str], byte: int, _end: int, interchange: Interchange
    ) -> Iterator[Any]:
        yield from self._end_interchange(byte, "IEA before the next ISA")
        self.interchange = interchange
        self.group_count, self.segment_number = 0, 1
        self.byte_start_interchange = byte

    def _iea(
        self, elements: list[str], byte: int, end: int, interchange: Interchange
    ) -> Iterator[Any]:
        yield from self._end_group(byte, "GE before IEA")
        errors = self._trailer_errors(
            elements, byte, "IEA", self.group_count, interchange.control_number
        )
        if errors:
            yield self._refusal("interchange", errors[0], self.byte_start_interchange, end)
        self.interchange = None
        self.is_ended = True

    def _gs(
        self, elements: list[str], byte: int, _end: int, _interchange: Interchange
    ) -> Iterator[Any]:
        yield from self._end_group(byte, "GE before the next GS")
        self.group = Group(tuple(elements[1:]))
        self.group_count += 1
        self.transaction_count = 0
        self.byte_start_group = byte

    def _ge(
        self, elements: list[str], byte: int, end: int, _interchange: Interchange
    ) -> Iterator[Any]:
        yield from self._end_transaction(byte, "SE before GE")
        group = self.group
        if group is None:
            error = self._error("stray_trailer", byte, "a GS segment before GE", "GE")
            yield self._refusal("group", error, byte, end)
            return
        errors = self._trailer_errors(
            elements, byte, "GE", self.transaction_count, group.control_number
        )
        if errors:
            yield self._refusal("group", errors[0], self.byte_start_group, end)
        self.group = None

    def _st(
        self, elements: list[str], byte: int, _end: int, interchange: Interchange
    ) -> Iterator[Any]:
        yield from self._end_transaction(byte, "SE before the next ST")
        self.transaction_count += 1
        group = self.group
        st = tuple(elements[1:])
        code = st[0] if st else ""
        number = st[1] if len(st) > 1 else ""
        version = (st[2] if len(st) > 2 else "") or (group.version if group else "")  # noqa: PLR2004
        kind = _KINDS.get((code, version[:10]), "")
        envelope = Envelope(kind or code, number, version, interchange, group, self.name, st)
        error: X12Error | None = None
        if group is None:
            error = self._error("no_group", byte, "a GS segment before ST", "ST", "", number)
        elif not number:
            error = self._error("missing_element", byte, "a control number", "ST", "ST02")
        elif not kind and code in _GUIDES:
            guides = " or ".join(_GUIDES[code])
            error = self._error(
                "version",
                byte,
                f"a {code} of version {guides}",
                "ST",
                "ST03" if len(st) > 2 else "GS08",  # noqa: PLR2004
                number,
                found=version or "none",
            )
        body = self.body = (
            self.body_of(envelope, byte) if error is None else OtherBody(envelope, byte, "")
        )
        if error is not None:
            body.error = error
        return
        yield

    def _se(
        self, elements: list[str], byte: int, end: int, _interchange: Interchange
    ) -> Iterator[Any]:
        body = self.body
        if body is None:
            error = self._error("stray_trailer", byte, "an ST segment before SE", "SE")
            yield self._refusal("transaction", error, byte, end)
            return
        errors = self._trailer_errors(
            elements, byte, "SE", body.segment_count + 2, body.envelope.control_number
        )
        others: list[X12Error] = []
        if body.error is None and errors:
            body.error, *others = errors
        if body.error is None:
            body.se = tuple(elements[1:])
            yield from body.finish(end)
        if body.error is not None:
            yield self._refused(body, body.error, end, others)
        self.body = None

    def _ta1(
        self, elements: list[str], byte: int, end: int, interchange: Interchange
    ) -> Iterator[Any]:
        run = Run()
        run.byte_start = byte
        segment = interchange.separators.element.join(elements)
        trace = Trace(self.name, interchange.control_number, "", "")
        origin = Origin(trace, self.segment_number, byte, 1)
        body = InterchangeAcknowledgement.of((segment,), interchange.separators, origin)
        envelope = Envelope("TA1", "", "", interchange, None, self.name)
        if self.gives_ta1:
            yield Transaction(envelope, body, byte, end)

    _takers = {  # noqa: RUF012
        "ISA": _isa,
        "IEA": _iea,
        "GS": _gs,
        "GE": _ge,
        "ST": _st,
        "SE": _se,
        "TA1": _ta1,
    }

    def _trailer_errors(
        self, elements: list[str], byte: int, name: str, count: int, number: str
    ) -> list[X12Error]:
        """Compare a trailer's count and control number with what was read."""
        said = elements[1] if len(elements) > 1 else ""
        named = elements[2] if len(elements) > 2 else ""  # noqa: PLR2004
        transaction = self.body.envelope.control_number if self.body else ""
        words = {"SE": "segments", "GE": "transactions", "IEA": "groups"}[name]
        errors = []
        if named != number:
            header = {"SE": "ST02", "GE": "GS06", "IEA": "ISA13"}[name]
            errors.append(
                self._error(
                    "control_number",
                    byte,
                    f"{header} again, {number}",
                    name,
                    f"{name}02",
                    transaction,
                    found=named or "nothing",
                )
            )
        if not (said.isascii() and said.isdigit() and len(said) <= 10 and int(said) == count):  # noqa: PLR2004
            code = {"SE": "segment_count", "GE": "transaction_count", "IEA": "group_count"}[name]
            errors.append(
                self._error(
                    code,
                    byte,
                    f"{count} {words}, as counted",
                    name,
                    f"{name}01",
                    transaction,
                    found=said or "nothing",
                )
            )
        return errors

    def _end_transaction(self, byte: int, expected: str) -> Iterator[Any]:
        body = self.body
        if body is not None:
            number = body.envelope.control_number
            error = body.error or self._error("missing_trailer", byte, expected, "SE", "", number)
            yield self._refused(body, error, byte)
            self.body = None

    def _end_group(self, byte: int, expected: str) -> Iterator[Any]:
        yield from self._end_transaction(byte, expected.replace("GE", "SE", 1))
        if self.group is not None:
            error = self._error("missing_trailer", byte, expected, "GE")
            yield self._refusal("group", error, self.byte_start_group, byte)
            self.group = None

    def _end_interchange(self, byte: int, expected: str) -> Iterator[Any]:
        yield from self._end_group(byte, expected.replace("IEA", "GE", 1))
        if self.interchange is not None:
            error = self._error("missing_trailer", byte, expected, "IEA")
            yield self._refusal("interchange", error, self.byte_start_interchange, byte)
            self.interchange = None

    def _refuse_uncut(self, batch: Uncut) -> Iterator[Refusal]:
        yield from self._end_interchange(batch.byte_start, "IEA")
        yield from self._flush_stray()
        raw = batch.raw.encode("latin-1")
        yield Refusal("file", batch.error, None, batch.byte_start, batch.byte_end, raw)

    def _gather_stray(self, batch: Batch, index: int, name: str) -> None:
        stray = self.stray
        byte = batch.byte_of(index)
        if stray.error is None:
            stray.byte_start = byte
            stray.error = self._error(
                "stray_segment", byte, "ST, or a trailer, outside of transactions", name[:3]
            )
        stray.byte_end = batch.byte_of(index + 1)
        stray.size += len(batch.segments[index])
        if stray.size <= SEGMENT_BYTES_MAX:
            stray.segments.append(batch.segments[index])

    def _flush_stray(self) -> Iterator[Refusal]:
        stray = self.stray
        if stray.error is not None:
            self.stray = _Stray()
            level: Literal["group", "interchange"] = "group" if self.group else "interchange"
            raw = raw_of(stray.segments, "~")
            yield Refusal(level, stray.error, None, stray.byte_start, stray.byte_end, raw)

    def _refused(
        self, body: Body, error: X12Error, byte_end: int, others: Sequence[X12Error] = ()
    ) -> Refusal:
        return Refusal(
            level="transaction",
            error=error,
            envelope=body.envelope,
            byte_start=body.byte_start,
            byte_end=byte_end,
            raw=body.evidence(),
            others=(*others, *islice(body.faults(), _OTHERS_MAX)),
        )

    def _refusal(
        self,
        level: Literal["transaction", "group", "interchange"],
        error: X12Error,
        byte_start: int,
        byte_end: int,
    ) -> Refusal:
        envelope = None
        if self.interchange is not None:
            envelope = Envelope("", "", "", self.interchange, self.group, self.name)
        return Refusal(level, error, envelope, byte_start, byte_end)

    def _error(
        self,
        code: str,
        byte: int,
        expected: str,
        segment_id: str,
        element: str = "",
        transaction: str = "",
        *,
        found: str = "",
    ) -> X12Error:
        number = self.segment_number
        if self.body is not None and transaction:
            number = self.body.segment_count + 2
        return X12Error(
            code,
            expected=expected,
            found=found[:20],
            file=self.name,
            interchange=self.interchange.control_number if self.interchange else "",
            group=self.group.control_number if self.group else "",
            transaction=transaction,
            segment_number=number,
            byte_offset=byte,
            segment_id=segment_id,
            element=element,
        )


def scan(
    file: BinaryIO | bytes,
    name: str,
    body_of: Callable[[Envelope, int], Body],
    *,
    gives_ta1: bool = False,
) -> Iterator[Any]:
    """Go through a file; ``body_of`` makes what takes each transaction's segments."""
    return _Scan(name, body_of, gives_ta1=gives_ta1).run(batches(file, name))
