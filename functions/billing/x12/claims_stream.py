"""837 claims one by one, in memory that does not grow with the file."""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple

from .bodies import Body, OtherBody, Run, is_named, raw_of, stops
from .claims_837 import (
    ClaimInContext,
    InstitutionalBillingProvider,
    InstitutionalClaim,
    InstitutionalClaims,
    InstitutionalPatient,
    InstitutionalSubscriber,
    ProfessionalBillingProvider,
    ProfessionalClaim,
    ProfessionalClaims,
    ProfessionalPatient,
    ProfessionalSubscriber,
)
from .envelope import Envelope, Refusal
from .origins import Origin
from .scan import scan

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from .tokens import Batch


class ClaimsStart(NamedTuple):
    """An 837 transaction begins: its surroundings, submitter and receiver."""

    envelope: Envelope
    header: ProfessionalClaims | InstitutionalClaims
    byte_start: int


class ClaimsEnd(NamedTuple):
    """An 837 transaction is complete and its control numbers and counts are right."""

    envelope: Envelope
    claim_count: int
    segment_count: int
    unknown_segment_count: int
    byte_start: int
    byte_end: int


def stream_837(
    file: BinaryIO | bytes, *, name: str = ""
) -> Iterator[ClaimsStart | ClaimInContext | ClaimsEnd | Refusal]:
    """Read 837P and 837I transactions claim by claim; memory does not grow with the file.

    Each `ClaimsStart` is followed by its claims and by one `ClaimsEnd` or one `Refusal`.

    Parameters
    ----------
    file
        An open binary file, or its content.
    name
        How errors name it.
    """

    def body(envelope: Envelope, byte_start: int) -> Body:
        if envelope.kind in {"837P", "837I"}:
            return ClaimsBody(envelope, byte_start)
        return OtherBody(envelope, byte_start, "an 837 transaction")

    return scan(file, name, body)


_PROFESSIONAL = (
    ProfessionalBillingProvider,
    ProfessionalSubscriber,
    ProfessionalPatient,
    ProfessionalClaim,
    ProfessionalClaims,
)
_INSTITUTIONAL = (
    InstitutionalBillingProvider,
    InstitutionalSubscriber,
    InstitutionalPatient,
    InstitutionalClaim,
    InstitutionalClaims,
)
_LEVELS_837 = ("20", "22", "23")
_PLAIN, _HL, _CLM, _STOP = range(4)
_OTHER_837_IDS = (
    *("BHT", "REF", "NM1", "N2", "N3", "N4", "PER", "PRV", "CUR", "SBR", "PAT", "DMG", "DTP"),
    *("CL1", "PWK", "CN1", "AMT", "K3", "NTE", "CR1", "CR2", "CR3", "CRC", "HI", "HCP", "CAS"),
    *("OI", "MIA", "MOA", "LX", "SV1", "SV2", "SV5", "QTY", "MEA", "LIN", "CTP", "SVD", "LQ"),
    *("FRM", "HSD", "UR"),
)


@cache
def _kinds_837(cut: str) -> dict[str, int]:
    kinds = dict.fromkeys(stops(cut), _STOP)
    kinds |= {(name + cut)[:3]: _PLAIN for name in _OTHER_837_IDS}
    kinds |= {"HL" + cut: _HL, "CLM": _CLM}
    return kinds


class ClaimsBody(Body):
    """An 837, given claim by claim."""

    def __init__(self, envelope: Envelope, byte_start: int) -> None:
        super().__init__(envelope, byte_start)
        self.separators = envelope.interchange.separators
        self.kinds = _kinds_837(self.separators.element)
        self.unknown_count = 0
        models = _PROFESSIONAL if envelope.kind == "837P" else _INSTITUTIONAL
        self.level_models: tuple[Any, ...] = models[:3]
        self.claim_model: Any = models[3]
        self.header_model: Any = models[4]
        self.section: Literal["header", "level", "claim"] = "header"
        self.levels: list[Any] = [None, None, None]
        self.run = Run()
        self.started = False
        self.claim_count = 0
        self.number = 2
        self.bad_raw = b""

    def feed(  # noqa: C901, PLR0912 - a call per segment would cost more than the segment
        self, batch: Batch, start: int
    ) -> Generator[Any, None, int]:
        """Take segments from ``start``; see `Body.feed`."""
        segments = batch.segments
        if self.error is not None:
            stop = self._stop_at(batch, start)
            self.segment_count += stop - start
            return stop
        cut = self.separators.element
        kind_of = self.kinds.get
        at, byte = start, batch.byte_of(start)
        index = start - 1
        kind: int | None = _PLAIN
        for index, segment in enumerate(
            islice(segments, start, None) if start else segments, start
        ):
            kind = kind_of(segment[:3])
            if kind == _PLAIN:
                continue
            if kind is None and batch.is_uneven(segment):
                break
            if kind is None or not is_named(segment, cut):
                self.unknown_count += 1
                continue
            piece = segments[at:index]
            offsets = batch.offsets
            if offsets is None:
                after = byte + len("".join(piece)) + batch.stride * len(piece)
            else:
                after, offsets = offsets[index], offsets[at : index + 1]
            item = self._close(piece, byte, batch.stride, offsets, after)
            at, byte = index, after
            if item is not None:
                yield item
            if self.error is not None:
                break
            if kind == _STOP:
                break
            self.section = "claim" if kind == _CLM else "level"
        else:
            index += 1
        self.segment_count += index - start
        if self.error is not None:
            stop = self._stop_at(batch, index)
            self.segment_count += stop - index
            return stop
        self.run.extend(batch, at, index)
        if kind is None and index < len(segments):
            batch.straighten()
            return (yield from self.feed(batch, index))
        return index

    def finish(self, byte_end: int) -> Iterator[Any]:
        """Give what remains; see `Body.finish`."""
        yield ClaimsEnd(
            envelope=self.envelope,
            claim_count=self.claim_count,
            segment_count=self.segment_count + 2,
            unknown_segment_count=self.unknown_count,
            byte_start=self.byte_start,
            byte_end=byte_end,
        )

    def evidence(self) -> bytes:
        """Give the bytes held."""
        return self.bad_raw

    def _close(
        self, piece: list[str], byte: int, stride: int, offsets: list[int] | None, end: int
    ) -> ClaimsStart | ClaimInContext | None:
        """Finish the header, level or claim in hand, of which ``piece`` is the rest."""
        if self.run.segments:
            run, self.run = self.run, Run()
            run.add(piece, byte, stride, offsets)
            piece, byte, stride, offsets = run.segments, run.byte_start, run.stride, run.offsets
        if not piece and self.section != "header":
            return None
        origin = Origin(self.trace, self.number, byte, stride, offsets)
        self.number += len(piece)
        if self.section == "claim":
            return self._claim(piece, origin, end)
        if self.section == "level":
            self._level(piece, origin)
        elif not self.started:
            self.started = True
            header = self.header_model.of(piece, self.separators, origin)
            return ClaimsStart(self.envelope, header, self.byte_start)
        return None

    def _claim(self, piece: list[str], origin: Origin, end: int) -> ClaimInContext | None:
        billing_provider, subscriber, patient = self.levels
        if subscriber is None:
            self._fail(piece, origin, "CLM below a subscriber (HL03 22) or patient (HL03 23)")
            return None
        self.claim_count += 1
        origin.ordinal = self.claim_count
        return ClaimInContext(
            self.claim_model.of(piece, self.separators, origin),
            billing_provider,
            subscriber,
            patient,
            self.claim_count,
            origin.byte_start,
            end,
        )

    def _level(self, piece: list[str], origin: Origin) -> None:
        elements = piece[0].split(self.separators.element)
        code = elements[3] if len(elements) > 3 else ""  # noqa: PLR2004
        depth = _LEVELS_837.index(code) if code in _LEVELS_837 else -1
        if depth < 0 or (depth and self.levels[depth - 1] is None):
            self._fail(piece, origin, "HL03 20, then 22 below it, then 23 below that")
            return
        self.levels[depth:] = [None] * (3 - depth)
        self.levels[depth] = self.level_models[depth].of(piece, self.separators, origin)

    def _fail(self, piece: list[str], origin: Origin, expected: str) -> None:
        name = piece[0].partition(self.separators.element)[0]
        self.error = origin.error("misplaced_segment", expected=expected, segment_id=name)
        self.bad_raw = raw_of(piece, self.separators.segment + self.separators.line_break)
