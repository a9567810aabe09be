"""835 claims one by one, balanced on the way, in memory that does not grow with the file."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from operator import length_hint
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple

from .bodies import ENVELOPE_IDS, Body, OtherBody, Run, raw_of
from .codecs import adjustments_in
from .envelope import Envelope, Group, Interchange, Refusal
from .errors import X12Error
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


_PLAIN, _CAS, _SVC, _CLP, _LX, _PLB, _STOP, _MISPLACED = range(8)
_FAULTS = {
    _CAS: ("malformed_segment", "trios of reason, amount and quantity (CAS02 to CAS19)"),
    _SVC: ("malformed_segment", "SVC01, SVC02 and SVC03"),
    _MISPLACED: ("misplaced_segment", "CAS and SVC after CLP, and CLP and LX before PLB"),
}
_HEAD = slice(4)
_Section = Literal["header", "group", "claim", "tail"]
_SECTIONS: dict[int, _Section] = {_CLP: "claim", _LX: "group", _PLB: "tail"}
# Segments that take no part in the balance.
_PLAIN_IDS = (
    *("BPR", "TRN", "CUR", "REF", "DTM", "N1", "N3", "N4", "PER", "RDM", "TS2", "TS3", "NM1"),
    *("MIA", "MOA", "AMT", "QTY", "LQ"),
)
_TURNS = (
    dict.fromkeys(_PLAIN_IDS, _PLAIN)
    | dict.fromkeys(ENVELOPE_IDS, _STOP)
    | {"CLP": _CLP, "LX": _LX, "PLB": _PLB, "CAS": _MISPLACED, "SVC": _MISPLACED}
)
# Every digit becomes 0, so that the shape of many amounts can be told at once.
_SHAPE = bytes.maketrans(b"123456789", b"000000000")


def _cents_of_all(texts: list[str]) -> list[int] | None:
    """Give amounts in cents, all at once; None when one of them needs a closer look.

    This is `cents_of(decimal_of(text))` for each text, at a third of the time: amounts with two
    decimals are whole cents once the point is taken out.
    """
    joined = ",".join(texts)
    shape = (joined + ",").encode().translate(_SHAPE)
    count = len(texts)
    if shape.count(b".00,") != count:
        joined = ",".join([text if text[-3:-2] == "." else _padded(text) for text in texts])
        shape = (joined + ",").encode().translate(_SHAPE)
    if (
        shape.count(b".00,") != count
        or shape.count(b".") != count
        or shape.translate(None, b"0.,-")
    ):
        return None
    try:
        values = list(map(int, joined.replace(".", "").split(",")))
    except ValueError:
        return None
    return values if len(values) == count else None


def _is_balanced(values: list[int], start: int, bounds: list[int]) -> bool:
    """Say whether a claim's amounts, CLP03 at ``start``, balance at line and claim level.

    ``bounds`` are where its lines begin, and where it ends.
    """
    owed = sum(values[start + 1 : bounds[0]])
    if len(bounds) == 1:
        return values[start] == owed
    # Lines: SVC02 = SVC03 + Σ CAS, and Σ SVC02 = CLP03. The claim's own equation then comes to
    # CLP04 + Σ CAS of the claim = Σ SVC03.
    charges = paid = 0
    for line, after in pairwise(bounds):
        charge = values[line]
        if charge != sum(values[line + 1 : after]):
            return False
        charges += charge
        paid += values[line + 1]
    return charges == values[start] and owed == paid


def _padded(text: str) -> str:
    """Write an amount of no or one decimal with two; leave anything else as it is."""
    whole, _, fraction = text.partition(".")
    if len(fraction) > 1 or not (fraction or whole.strip("-")):
        return text
    return f"{whole}.{fraction:0<2}"


class _Kinds(dict[str, int | None]):
    """Kinds of segments by four characters: a name of three letters and the separator."""

    def __missing__(self, head: str) -> None:
        """Leave shorter names, and unknown ones, to a closer look."""


@cache
def _kinds(cut: str) -> tuple[_Kinds, _Kinds]:
    """Give the kinds outside of claims and within."""
    outside = _Kinds({name + cut: _PLAIN for name in _PLAIN_IDS if len(name) == 3})  # noqa: PLR2004
    return outside, _Kinds({**outside, "CAS" + cut: _CAS, "SVC" + cut: _SVC, "CLP" + cut: _CLP})


class RemittanceBody(Body):
    """An 835, given claim by claim and balanced on the way."""

    def __init__(self, envelope: Envelope, byte_start: int) -> None:
        super().__init__(envelope, byte_start)
        separators = envelope.interchange.separators
        self.separators = separators
        self.kinds_outside, self.kinds_in_claim = _kinds(separators.element)
        self.section: _Section = "header"
        self.tail: Remittance | None = None
        self.run = Run()
        self.group: ClaimGroup | None = None
        self.header: RemittanceHeader | None = None
        # Amounts as text: of each claim CLP03, CLP04, its CAS; then of each line SVC02, SVC03,
        # its CAS. ``marks`` tells where each line begins, ``pending`` which claims are complete
        # and where they begin; they are balanced together, for conversion is cheaper by the
        # hundred. The claim in hand begins at ``amounts_taken`` and ``marks_taken``.
        self.amounts: list[str] = []
        self.marks: list[int] = []
        self.pending: list[tuple[ClaimPayment, int, int]] = []
        self.amounts_taken = self.marks_taken = 0
        self.line_count = self.ordinal = self.unknown_count = 0
        self.bad_claims = self.bad_lines = 0
        self.claims_paid_cents = 0
        self.shown: list[UnbalancedClaim] = []
        # Segment number of the next part, and what turns a batch's index into one.
        self.number = 2
        self.fed = 0
        self.bad_raw = b""

    def resume(self, first_ordinal: int) -> None:
        """Begin at a claim instead of the header."""
        self.header = RemittanceHeader.of((), self.separators)
        self.section = "group"
        self.ordinal = first_ordinal - 1

    def feed(  # noqa: C901, PLR0912, PLR0915 - a call per segment would cost more than the segment
        self, batch: Batch, start: int
    ) -> Generator[Any, None, int]:
        """Take segments; give the header and each claim as soon as it is complete."""
        if self.error is not None:
            return self._skip(batch, start)
        segments = batch.segments[start:] if start else batch.segments
        cut = self.separators.element
        amounts, marks = self.amounts, self.marks
        in_claim = self.section == "claim"
        kinds = self.kinds_in_claim if in_claim else self.kinds_outside
        at, byte = start, batch.byte_of(start)
        self.fed = self.segment_count - start
        # The iterator knows how much is left, which spares counting on every turn.
        rest = iter(segments)
        count = len(batch.segments)
        for segment in rest:
            kind = kinds[segment[_HEAD]]
            if kind == _PLAIN:
                continue
            if kind == _CAS:
                elements = segment.split(cut)
                # Whole trios without quantity are by far the most frequent; an empty amount is
                # found out when it is converted.
                trios = elements[3::3]
                if len(elements) == 4:  # noqa: PLR2004
                    if elements[2]:
                        amounts += trios
                        continue
                elif (
                    len(elements) == 3 * len(trios) + 1
                    and "" not in elements[2::3]
                    and not "".join(elements[4::3])
                ):
                    amounts += trios
                    continue
                if self._take_trios(elements):
                    continue
            elif kind == _SVC:
                elements = segment.split(cut, 4)
                if len(elements) > 3:  # noqa: PLR2004
                    marks.append(len(amounts))
                    amounts += elements[2:4]
                    continue
            elif kind is None:
                kind = self._turn(segment)
                if kind == _PLAIN:
                    continue
            index = count - length_hint(rest) - 1
            if kind is None:
                if batch.is_uneven(segment):
                    self._keep(batch, start, at, index)
                    batch.straighten()
                    return (yield from self.feed(batch, index))
                self.unknown_count += 1
                continue
            if kind in _FAULTS:
                self._fail(batch, index, kind, segment)
            else:
                piece = batch.segments[at:index]
                offsets = batch.offsets
                if offsets is None:
                    after = byte + len("".join(piece)) + batch.stride * len(piece)
                else:
                    after, offsets = offsets[index], offsets[at : index + 1]
                start_item = self._close(piece, byte, batch.stride, offsets)
                at, byte = index, after
                if start_item is not None:
                    yield start_item
                if kind != _CLP:
                    yield from self._settle()
                    kinds = self.kinds_outside
                    if kind == _STOP:
                        self.segment_count += index - start
                        return index if self.error is None else self._skip(batch, index)
                else:
                    kinds = self.kinds_in_claim
                self._open(kind, segment, batch, index)
            if self.error is not None:
                self._keep_evidence(batch.segments[at : index + 1])
                self.segment_count += index - start
                return self._skip(batch, index)
        yield from self._settle()
        self._keep(batch, start, at, count)
        return count if self.error is None else self._skip(batch, count)

    def _turn(self, segment: str) -> int | None:
        """Say by its full name what a segment means for the claims; None when unknown."""
        name = segment.partition(self.separators.element)[0]
        turn = _TURNS.get(name)
        if turn == _MISPLACED and self.section == "claim":
            # A bare CAS adjusts nothing; a bare SVC lacks what it must have.
            return _PLAIN if name == "CAS" else _SVC
        if turn == _PLB and self.section == "tail":
            return _PLAIN
        # The next interchange's ISA comes with separators of its own.
        if turn is None and name.startswith("ISA") and not name[3].isalnum():
            return _STOP
        return turn

    def _keep(self, batch: Batch, start: int, at: int, index: int) -> None:
        """Carry over what the batch leaves unfinished."""
        self.segment_count += index - start
        self.run.extend(batch, at, index)

    def _skip(self, batch: Batch, start: int) -> int:
        """Pass over the rest of a transaction already refused."""
        self.run = Run()
        stop = self._stop_at(batch, start)
        self.segment_count += stop - start
        return stop

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
        if self.error is None and self.section == "claim":
            self._close([], 0, 1, None)
            yield from self._settle()

    def _open(self, kind: int, segment: str, batch: Batch, index: int) -> None:
        """Begin what a CLP, LX or PLB begins."""
        if self.section == "tail":
            self._fail(batch, index, _MISPLACED, segment)
            return
        self.section = _SECTIONS[kind]
        if kind == _CLP:
            elements = segment.split(self.separators.element, 5)
            # An empty text is no amount, so a CLP that is too short cannot balance.
            self.amounts += elements[3:5] if len(elements) > 4 else ("", "")  # noqa: PLR2004

    def _close(
        self, piece: list[str], byte: int, stride: int, offsets: list[int] | None
    ) -> RemittanceStart | None:
        """Finish the header, group, claim or PLB in hand, of which ``piece`` is the rest."""
        if self.run.segments:
            run, self.run = self.run, Run()
            run.add(piece, byte, stride, offsets)
            piece, byte, stride, offsets = run.segments, run.byte_start, run.stride, run.offsets
        if not piece:
            return None
        number = self.number
        self.number = number + len(piece)
        if self.section == "claim":
            self.ordinal += 1
            place = (self.trace, number, byte, stride, offsets, self.ordinal, self.group)
            claim = ClaimPayment.of(piece, self.separators, place)
            self.pending.append((claim, self.amounts_taken, self.marks_taken))
            self.amounts_taken, self.marks_taken = len(self.amounts), len(self.marks)
            return None
        origin = Origin(self.trace, number, byte, stride, offsets)
        if self.section == "group":
            self.group = ClaimGroup.of(piece, self.separators, origin)
        elif self.section == "tail":
            self.tail = Remittance.of(piece, self.separators, origin)
        elif self.header is None:
            return self._start(piece, origin)
        return None

    def _start(self, piece: list[str], origin: Origin) -> RemittanceStart | None:
        header = RemittanceHeader.of(piece, self.separators, origin)
        try:
            # Without an amount and a trace number no payment can be told from another.
            _ = header.payment_cents, header.handling, header.trace_number
        except X12Error as error:
            self.error = error
            self._keep_evidence(piece)
            return None
        self.header = header
        return RemittanceStart(self.envelope, header, self.byte_start)

    def _settle(self) -> Iterator[ClaimPayment]:
        """Balance the complete claims and give them; stop at one that cannot be read."""
        pending = self.pending
        if not pending:
            return
        taken, marks_taken = self.amounts_taken, self.marks_taken
        texts, marks = self.amounts[:taken], self.marks[:marks_taken]
        del self.amounts[:taken]
        self.marks[:] = [mark - taken for mark in self.marks[marks_taken:]]
        self.amounts_taken = self.marks_taken = 0
        self.pending = []
        self.line_count += len(marks)
        values = _cents_of_all(texts)
        ends = [*((start, mark) for _, start, mark in pending[1:]), (taken, marks_taken)]
        # Claims are let go as they are given: what a reader makes of one shall not pile up.
        pending.reverse()
        for stop, mark_stop in ends:
            claim, start, mark = pending.pop()
            bounds = [*marks[mark:mark_stop], stop]
            if values is not None and _is_balanced(values, start, bounds):
                self.claims_paid_cents += values[start + 1]
            elif values is not None or not self._balances(texts[start:stop], start, bounds):
                self._weigh(claim)
                if self.error is not None:
                    return
            yield claim

    def _balances(self, texts: list[str], start: int, bounds: list[int]) -> bool:
        """Balance one claim by itself, where a neighbour's amounts need a closer look."""
        values = _cents_of_all(texts)
        if values is None or not _is_balanced(values, 0, [each - start for each in bounds]):
            return False
        self.claims_paid_cents += values[1]
        return True

    def _weigh(self, claim: ClaimPayment) -> None:
        """Balance a claim that is out of balance, or whose amounts are written unusually."""
        try:
            balance = balance_claim(claim)
            self.claims_paid_cents += claim.paid_cents
        except X12Error as error:
            self.error = error
            self._keep_evidence(claim.segments)
            return
        if not balance.is_balanced:
            self._note(claim, balance)

    def _note(self, claim: ClaimPayment, balance: ClaimBalance) -> None:
        self.bad_claims += 1
        self.bad_lines += sum(1 for each in balance.line_differences_cents if each)
        if len(self.shown) < UNBALANCED_CLAIMS_SHOWN_MAX:
            self.shown.append(unbalanced(claim, balance))

    def _take_trios(self, elements: list[str]) -> bool:
        """Take a CAS with quantities, or an unusual one; say whether it is well formed."""
        try:
            trios = adjustments_in(elements, self.separators)
        except ValueError:
            return False
        self.amounts += [str(each.amount) for each in trios]
        return True

    def _keep_evidence(self, segments: Sequence[str]) -> None:
        if not self.bad_raw:
            end = self.separators.segment + self.separators.line_break
            self.bad_raw = raw_of(segments, end)

    def _fail(self, batch: Batch, index: int, kind: int, segment: str) -> None:
        """Refuse the transaction for a segment that is malformed or stands in a wrong place."""
        name = segment.partition(self.separators.element)[0]
        code, expected = _FAULTS[kind]
        run = Run()
        run.extend(batch, index, index + 1)
        origin = self.origin(self.fed + index + 2, run)
        self.error = origin.error(code, expected=expected, segment_id=name)

    def _missing(self, what: str) -> X12Error:
        run = Run()
        run.byte_start = self.byte_start
        return self.origin(1, run).error("missing_segment", expected=f"an {what}")
