"""835 claims one by one, balanced on the way, in memory that does not grow with the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple

from .bodies import Body, Hand, OtherBody, Piece, Run, raw_of
from .envelope import Envelope, Group, Interchange, Refusal
from .errors import X12Error
from .kinds import PLAIN, STOP, UNKNOWN, only
from .origins import Origin
from .remittance_835 import (
    UNBALANCED_CLAIMS_SHOWN_MAX,
    ClaimBalance,
    ClaimGroup,
    ClaimPayment,
    Remittance,
    RemittanceBalance,
    RemittanceHeader,
    UnbalancedClaim,
    balance_claim,
    unbalanced,
)
from .remittance_kinds import CAS, CLP, LX, PLB, SVC, kinds_of_835
from .remittance_sums import sums_of
from .scan import scan
from .tokens import Batch, cut_batch

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from .separators import Separators
    from .values import ProviderAdjustment


class RemittanceStart(NamedTuple):
    """An 835 transaction begins: its surroundings and all that stands before the claims."""

    envelope: Envelope
    header: RemittanceHeader
    byte_start: int


class RemittanceEnd(NamedTuple):
    """An 835 transaction is complete and its control numbers and counts are right.

    Attributes
    ----------
    provider_adjustments
        PLB pairs, in wire order.
    balance
        The verdict at line, claim and transaction level.
    segment_count
        ST and SE included.
    unknown_segment_count
        Segments of the transaction that belong nowhere in an 835; they are kept.
    byte_start, byte_end
        The transaction's bytes, ST and SE included.
    """

    envelope: Envelope
    provider_adjustments: tuple[ProviderAdjustment, ...]
    balance: RemittanceBalance
    segment_count: int
    unknown_segment_count: int
    byte_start: int
    byte_end: int


def stream_835(
    file: BinaryIO | bytes, *, name: str = ""
) -> Iterator[RemittanceStart | ClaimPayment | RemittanceEnd | Refusal]:
    """Read 835 transactions claim by claim; memory does not grow with the file.

    Each `RemittanceStart` is followed by its claims and by one `RemittanceEnd`, or by one
    `Refusal` of level ``transaction``, which takes back the claims already given.

    Parameters
    ----------
    file
        An open binary file, or its content.
    name
        How errors name it.
    """

    def body(envelope: Envelope, byte_start: int) -> Body:
        if envelope.kind == "835":
            return RemittanceBody(envelope, byte_start)
        return OtherBody(envelope, byte_start, "an 835 transaction")

    return scan(file, name, body)


def parse_835_claims(
    content: bytes,
    separators: Separators,
    *,
    first_ordinal: int = 1,
    byte_start: int = 0,
    file: str = "",
    interchange: str = "",
    group: str = "",
    transaction: str = "",
) -> Iterator[ClaimPayment]:
    """Read the claims of a byte range of an 835 that `stream_835` has read before.

    Parameters
    ----------
    content
        From one claim's ``byte_start`` to that or a later claim's ``byte_end``.
    separators
        Those of the interchange.
    first_ordinal
        Ordinal of the range's first claim.
    byte_start
        Where the range begins in the file.
    file, interchange, group, transaction
        For errors: the file's name, ISA13, GS06 and ST02.

    Raises
    ------
    X12Error
        ``not_a_claim_range`` when the bytes do not begin with CLP or do not end with a
        terminator; or the first error in a claim.
    """
    text = content.decode("latin-1")
    ends = text.rstrip("\r\n").endswith(separators.segment) or separators.segment in "\r\n"
    if not text.startswith("CLP" + separators.element) or not ends:
        raise X12Error(
            "not_a_claim_range",
            expected="bytes from a CLP segment to a segment terminator",
            file=file,
            interchange=interchange,
            group=group,
            transaction=transaction,
            byte_offset=byte_start,
        )
    isa = ("",) * 12 + (interchange, "", "", "")
    envelope = Envelope(
        "835", transaction, "", Interchange(isa, separators), Group(("",) * 5 + (group,)), file
    )
    body = RemittanceBody(envelope, byte_start)
    body.resume(first_ordinal)
    batch = cut_batch(text, envelope.interchange, byte_start)
    reading = body.feed(batch, 0)
    yield from (item for item in reading if isinstance(item, ClaimPayment))
    yield from body.close_last()
    if body.error is not None:
        raise body.error


_Section = Literal["header", "claims", "tail"]
_SECTIONS: dict[int, _Section] = {LX: "claims", CLP: "claims", PLB: "tail"}
# What a section takes in; anything else ends it, or is out of place.
_WITHIN: dict[_Section, bytes] = {
    "header": bytes((PLAIN, UNKNOWN)),
    "claims": bytes((PLAIN, UNKNOWN, LX, CLP, SVC, CAS)),
    "tail": bytes((PLAIN, UNKNOWN, PLB)),
}
# Each claim is a part of its section, and so is each LX with what stands between it and a claim.
_OPENS = only(CLP, LX)
_PLACES = "CAS and SVC after CLP, and CLP and LX before PLB"


class RemittanceBody(Body):
    """An 835, given claim by claim and balanced on the way."""

    def __init__(self, envelope: Envelope, byte_start: int) -> None:
        super().__init__(envelope, byte_start)
        self.separators = envelope.interchange.separators
        self.kind_of = kinds_of_835(self.separators.element)
        self.section: _Section = "header"
        # What is in hand of the section.
        self.hand = Hand()
        self.header: RemittanceHeader | None = None
        self.group: ClaimGroup | None = None
        self.tail: Remittance | None = None
        self.line_count = self.ordinal = self.unknown_count = 0
        self.bad_claims = self.bad_lines = 0
        self.claims_paid_cents = 0
        self.shown: list[UnbalancedClaim] = []
        self.bad_raw = b""

    def resume(self, first_ordinal: int) -> None:
        """Begin at a claim instead of the header."""
        self.header = RemittanceHeader.of((), self.separators)
        self.section = "claims"
        self.ordinal = first_ordinal - 1

    def feed(self, batch: Batch, start: int) -> Generator[Any, None, int]:
        """Take segments; give the header, and claims once they are complete and balanced."""
        kinds = batch.kinds(self.kind_of)
        at = start
        while at < len(kinds) and self.error is None:
            stop = len(kinds) - len(kinds[at:].lstrip(_WITHIN[self.section]))
            self._hold(batch, kinds, at, stop)
            at = stop
            if self.section == "claims":
                yield from self._give_parts(are_whole=at < len(kinds))
            if at < len(kinds) and self.error is None:
                yield from self._turn(batch, kinds, at)
                if kinds[at] == STOP:
                    break
        return at if self.error is None else self._skip(batch, at)

    def _hold(self, batch: Batch, kinds: bytes, start: int, stop: int) -> None:
        """Take segments of the section in hand."""
        self.hand.take(batch, kinds, start, stop)
        self.segment_count += stop - start
        self.unknown_count += kinds.count(UNKNOWN, start, stop)

    def _skip(self, batch: Batch, start: int) -> int:
        """Pass over the rest of a transaction already refused."""
        self.hand = Hand()
        stop = self._stop_at(batch, start)
        self.segment_count += stop - start
        return stop

    def _turn(self, batch: Batch, kinds: bytes, at: int) -> Iterator[RemittanceStart]:
        """End the section in hand at a segment that is none of its own."""
        kind = kinds[at]
        section = _SECTIONS.get(kind)
        if section is not None or kind == STOP:
            yield from self._close()
        if kind == STOP or self.error is not None:
            return
        if section is None or self.section == "tail":
            self._hold(batch, kinds, at, at + 1)
            run = self.hand.run
            origin = self.origin(self.hand.number, run)
            index = len(run.segments) - 1
            self._refuse(run.segments, index, origin, "misplaced_segment", _PLACES)
        else:
            self.section = section

    def _close(self) -> Iterator[RemittanceStart]:
        """Finish the header or the PLBs in hand; claims are finished as they are given."""
        run = self.hand.run
        origin = self.origin(self.hand.number, run)
        self.hand.let_go(len(run.segments))
        if not run.segments:
            return
        if self.section == "tail":
            self.tail = Remittance.of(run.segments, self.separators, origin)
        elif self.header is None:
            yield from self._start(run.segments, origin)

    def _start(self, segments: list[str], origin: Origin) -> Iterator[RemittanceStart]:
        header = RemittanceHeader.of(segments, self.separators, origin)
        try:
            # Without an amount and a trace number no payment can be told from another.
            _ = header.payment_cents, header.handling, header.trace_number
        except X12Error as error:
            self.error = error
            self._keep_evidence(segments)
            return
        self.header = header
        yield RemittanceStart(self.envelope, header, self.byte_start)

    def _give_parts(self, *, are_whole: bool) -> Iterator[ClaimPayment]:
        """Give the claims in hand; the last one only if nothing more of it can come."""
        bounds = self.hand.bounds(_OPENS, are_whole=are_whole)
        if len(bounds) > 1:
            kinds = bytes(self.hand.kinds)
            yield from self._balance(self.hand.run.pieces(bounds), kinds, bounds)
            self.hand.let_go(bounds[-1])

    def _balance(
        self, pieces: Iterator[Piece], kinds: bytes, bounds: list[int]
    ) -> Iterator[ClaimPayment]:
        """Give the claims between bounds, balanced together if all can be read, else by halves."""
        start, stop = bounds[0], bounds[-1]
        segments = self.hand.run.segments[start:] if start else self.hand.run.segments
        sums = sums_of(segments, kinds[start:stop], self.separators)
        if sums is None and len(bounds) > 2:  # noqa: PLR2004
            middle = len(bounds) // 2
            yield from self._balance(pieces, kinds, bounds[: middle + 1])
            if self.error is None:
                yield from self._balance(pieces, kinds, bounds[middle:])
            return
        if sums is not None:
            self.claims_paid_cents += sums.paid_cents
            self.line_count += sums.line_count
        before = self.ordinal
        for at, piece in zip(bounds[:-1], pieces, strict=False):
            if kinds[at] == LX:
                self._open_group(piece, at, kinds[at : at + len(piece[0])])
            else:
                claim = self._claim(piece, at)
                if sums is None or self.ordinal - before - 1 in sums.off:
                    self._weigh(claim, kinds[at : at + len(claim.wire_segments)])
                if self.error is None:
                    yield claim
            if self.error is not None:
                return

    def _claim(self, piece: Piece, at: int) -> ClaimPayment:
        self.ordinal += 1
        place = self.hand.place(self.trace, at, piece, self.ordinal, self.group)
        return ClaimPayment.of(piece[0], self.separators, place)

    def _open_group(self, piece: Piece, at: int, kinds: bytes) -> None:
        """Begin a group: the claims after it stand under its LX."""
        segments = piece[0]
        origin = Origin(*self.hand.place(self.trace, at, piece))
        for index, kind in enumerate(kinds):
            if kind in {CAS, SVC}:
                self._refuse(segments, index, origin, "misplaced_segment", _PLACES)
                return
        self.group = ClaimGroup.of(segments, self.separators, origin)

    def _weigh(self, claim: ClaimPayment, kinds: bytes) -> None:
        """Balance a claim that is out of balance, or written unusually, or not to be read."""
        self._check(claim, kinds)
        if self.error is not None:
            return
        try:
            balance = balance_claim(claim)
            self.claims_paid_cents += claim.paid_cents
        except X12Error as error:
            self.error = error
            self._keep_evidence(claim.segments)
            return
        self.line_count += kinds.count(SVC)
        if not balance.is_balanced:
            self._note(claim, balance)

    def _check(self, claim: ClaimPayment, kinds: bytes) -> None:
        """Refuse the transaction for a segment whose amounts cannot be told apart."""
        cut = self.separators.element
        for index, kind in enumerate(kinds):
            expected = ""
            if kind == SVC and claim.segments[index].count(cut) < 3:  # noqa: PLR2004
                expected = "SVC01, SVC02 and SVC03"
            elif kind == CAS and not _are_whole_trios(claim.segments[index].split(cut)):
                expected = "trios of reason, amount and quantity (CAS02 to CAS19)"
            if expected and claim.origin:
                self._refuse(claim.segments, index, claim.origin, "malformed_segment", expected)
                return

    def _note(self, claim: ClaimPayment, balance: ClaimBalance) -> None:
        self.bad_claims += 1
        self.bad_lines += sum(1 for each in balance.line_differences_cents if each)
        if len(self.shown) < UNBALANCED_CLAIMS_SHOWN_MAX:
            self.shown.append(unbalanced(claim, balance))

    def finish(self, byte_end: int) -> Iterator[Any]:
        """Give what remains; see `Body.finish`."""
        if self.error is not None:
            return
        if self.header is None:
            self.error = self._missing("LX, CLP or PLB segment after the header")
            return
        pairs: tuple[ProviderAdjustment, ...] = ()
        try:
            if self.tail is not None:
                pairs = self.tail.provider_adjustments
            payment = self.header.payment_cents
        except X12Error as error:
            self.error = error
            return
        withheld = sum(pair.amount_cents for pair in pairs)
        balance = RemittanceBalance(
            payment_cents=payment,
            claims_paid_cents=self.claims_paid_cents,
            provider_adjustments_cents=withheld,
            difference_cents=self.claims_paid_cents - withheld - payment,
            claim_count=self.ordinal,
            line_count=self.line_count,
            unbalanced_claim_count=self.bad_claims,
            unbalanced_line_count=self.bad_lines,
            unbalanced_claims=tuple(self.shown),
        )
        yield RemittanceEnd(
            envelope=self.envelope,
            provider_adjustments=pairs,
            balance=balance,
            segment_count=self.segment_count + 2,
            unknown_segment_count=self.unknown_count,
            byte_start=self.byte_start,
            byte_end=byte_end,
        )

    def evidence(self) -> bytes:
        """Give the bytes held."""
        return self.bad_raw

    def close_last(self) -> Iterator[ClaimPayment]:
        """Give the claim in hand at the end of a byte range."""
        if self.error is None and self.section == "claims":
            yield from self._give_parts(are_whole=True)

    def _keep_evidence(self, segments: Sequence[str]) -> None:
        if not self.bad_raw:
            end = self.separators.segment + self.separators.line_break
            self.bad_raw = raw_of(segments, end)

    def _refuse(
        self, segments: Sequence[str], index: int, origin: Origin, code: str, expected: str
    ) -> None:
        """Refuse the transaction for a segment that is malformed or stands in a wrong place."""
        name = segments[index].partition(self.separators.element)[0]
        self.error = origin.error(
            code, expected=expected, segments=segments, index=index, segment_id=name
        )
        self._keep_evidence(segments[: index + 1])

    def _missing(self, what: str) -> X12Error:
        run = Run()
        run.byte_start = self.byte_start
        return self.origin(1, run).error("missing_segment", expected=f"an {what}")


def _are_whole_trios(elements: list[str]) -> bool:
    """Say whether a CAS gives a reason with each amount or quantity, and an amount with each reason."""
    trios = (elements[at : at + 3] for at in range(2, len(elements), 3))
    return all(all(trio[:2]) and len(trio) > 1 for trio in trios if any(trio))
