"""837 claims one by one, in memory that does not grow with the file."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from .bodies import Body, Hand, OtherBody, Piece, raw_of, stop_in
from .claims_837 import INSTITUTIONAL, PROFESSIONAL, ClaimInContext
from .envelope import Envelope, Refusal
from .kinds import PLAIN, STOP, UNKNOWN, Kinds, only
from .origins import Origin
from .scan import scan

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from .claims_837 import InstitutionalClaims, ProfessionalClaims
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


_LEVELS_837 = ("20", "22", "23")
_HL, _CLM = STOP + 1, STOP + 2
_OPENS = only(_HL, _CLM)
_HEADER = bytes((PLAIN, UNKNOWN))
_PLAIN_IDS = (
    *("BHT", "REF", "NM1", "N2", "N3", "N4", "PER", "PRV", "CUR", "SBR", "PAT", "DMG", "DTP"),
    *("CL1", "PWK", "CN1", "AMT", "K3", "NTE", "CR1", "CR2", "CR3", "CRC", "HI", "HCP", "CAS"),
    *("OI", "MIA", "MOA", "LX", "SV1", "SV2", "SV5", "QTY", "MEA", "LIN", "CTP", "SVD", "LQ"),
    *("FRM", "HSD", "UR"),
)


_KIND_OF = dict.fromkeys(_PLAIN_IDS, PLAIN) | {"HL": _HL, "CLM": _CLM}


@cache
def _kinds_of_837(cut: str) -> Kinds:
    return Kinds(cut, _KIND_OF, UNKNOWN)


class ClaimsBody(Body):
    """An 837, given claim by claim."""

    def __init__(self, envelope: Envelope, byte_start: int) -> None:
        super().__init__(envelope, byte_start)
        self.separators = envelope.interchange.separators
        self.kind_of = _kinds_of_837(self.separators.element)
        self.unknown_count = 0
        self.models = PROFESSIONAL if envelope.kind == "837P" else INSTITUTIONAL
        self.levels: list[Any] = [None, None, None]
        # What is in hand of the header, or of levels and claims.
        self.hand = Hand()
        self.started = False
        self.claim_count = 0
        self.bad_raw = b""

    def feed(self, batch: Batch, start: int) -> Generator[Any, None, int]:
        """Take segments; give the header, and claims once they are complete."""
        kinds = batch.kinds(self.kind_of)
        stop = stop_in(kinds, start)
        self.segment_count += stop - start
        self.unknown_count += kinds.count(UNKNOWN, start, stop)
        is_whole = stop < len(kinds)
        at = start
        if not self.started:
            at = len(kinds) - len(kinds[start:].lstrip(_HEADER))
            self.hand.take(batch, kinds, start, at)
            if at < len(kinds):
                yield self._start()
        if self.started and self.error is None:
            self.hand.take(batch, kinds, at, stop)
            yield from self._give_parts(are_whole=is_whole)
        return stop

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

    def _start(self) -> ClaimsStart:
        self.started = True
        run = self.hand.run
        origin = self.origin(self.hand.number, run)
        self.hand.let_go(len(run.segments))
        header = self.models.transaction.of(run.segments, self.separators, origin)
        return ClaimsStart(self.envelope, header, self.byte_start)

    def _give_parts(self, *, are_whole: bool) -> Iterator[ClaimInContext]:
        """Take the levels and give the claims in hand; the last only if nothing more can come."""
        hand = self.hand
        bounds = hand.bounds(_OPENS, are_whole=are_whole)
        if len(bounds) < 2:  # noqa: PLR2004
            return
        for at, piece in zip(bounds, hand.run.pieces(bounds), strict=False):
            if hand.kinds[at] == _HL:
                self._level(piece, at)
            elif self.levels[1] is None:
                self._fail(piece, at, "CLM below a subscriber (HL03 22) or patient (HL03 23)")
            else:
                yield self._claim(piece, at)
            if self.error is not None:
                return
        hand.let_go(bounds[-1])

    def _claim(self, piece: Piece, at: int) -> ClaimInContext:
        self.claim_count += 1
        place = self.hand.place(self.trace, at, piece, self.claim_count)
        claim = self.models.claim.of(piece[0], self.separators, place)
        billing_provider, subscriber, patient = self.levels
        return ClaimInContext(claim, billing_provider, subscriber, patient, self.claim_count)

    def _level(self, piece: Piece, at: int) -> None:
        elements = piece[0][0].split(self.separators.element)
        code = elements[3] if len(elements) > 3 else ""  # noqa: PLR2004
        depth = _LEVELS_837.index(code) if code in _LEVELS_837 else -1
        if depth < 0 or (depth and self.levels[depth - 1] is None):
            self._fail(piece, at, "HL03 20, then 22 below it, then 23 below that")
            return
        self.levels[depth:] = [None] * (3 - depth)
        place = self.hand.place(self.trace, at, piece)
        level = (self.models.billing_provider, self.models.subscriber, self.models.patient)[depth]
        self.levels[depth] = level.of(piece[0], self.separators, place)

    def _fail(self, piece: Piece, at: int, expected: str) -> None:
        segments = piece[0]
        name = segments[0].partition(self.separators.element)[0]
        origin = Origin(*self.hand.place(self.trace, at, piece))
        self.error = origin.error("misplaced_segment", expected=expected, segment_id=name)
        self.bad_raw = raw_of(segments, self.separators.segment + self.separators.line_break)
