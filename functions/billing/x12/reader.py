"""Read files of any size: whole transactions, or claims one by one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from .acknowledgement_999 import ImplementationAcknowledgement, InterchangeAcknowledgement
from .amounts import cents_of
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
from .eligibility_270 import EligibilityInquiry
from .eligibility_271 import EligibilityResponse
from .envelope import Envelope, Group, Interchange, Refusal, Transaction
from .errors import X12Error
from .loops import Loop, Origin, Trace, adjustments_in
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
)
from .status_276 import StatusInquiry
from .status_277 import ClaimAcknowledgement, StatusResponse
from .tokens import SEGMENT_BYTES_MAX, Batch, batches, cut_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from .separators import Separators
    from .values import ProviderAdjustment

_MODELS: dict[str, type[Any]] = {
    model.kind: model
    for model in (
        ProfessionalClaims,
        InstitutionalClaims,
        Remittance,
        EligibilityInquiry,
        EligibilityResponse,
        StatusInquiry,
        StatusResponse,
        ClaimAcknowledgement,
        ImplementationAcknowledgement,
    )
}

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

_ENVELOPE_IDS = ("ISA", "IEA", "GS", "GE", "ST", "SE")


@dataclass(frozen=True, slots=True)
class RemittanceStart:
    """An 835 transaction begins: its surroundings and all that stands before the claims."""

    envelope: Envelope
    header: RemittanceHeader
    byte_start: int


@dataclass(frozen=True, slots=True)
class RemittanceEnd:
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


@dataclass(frozen=True, slots=True)
class ClaimsStart:
    """An 837 transaction begins: its surroundings, submitter and receiver."""

    envelope: Envelope
    header: ProfessionalClaims | InstitutionalClaims
    byte_start: int


@dataclass(frozen=True, slots=True)
class ClaimsEnd:
    """An 837 transaction is complete and its control numbers and counts are right."""

    envelope: Envelope
    claim_count: int
    segment_count: int
    unknown_segment_count: int
    byte_start: int
    byte_end: int


def read(file: BinaryIO | bytes, *, name: str = "") -> Iterator[Transaction | Refusal]:
    """Read every transaction of a file, one after the other.

    One transaction at a time is held in memory. A transaction that is broken is given as a
    refusal and its neighbours are read all the same; so are a group's or interchange's trailer
    that does not match, after the transactions they surround.

    Parameters
    ----------
    file
        An open binary file, or its content.
    name
        How errors name it.
    """
    return _scan(file, name, _WholeBody)


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

    def body(envelope: Envelope, byte_start: int) -> _Body:
        if envelope.kind == "835":
            return _RemittanceBody(envelope, byte_start)
        return _OtherBody(envelope, byte_start, "an 835 transaction")

    return _scan(file, name, body)


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

    def body(envelope: Envelope, byte_start: int) -> _Body:
        if envelope.kind in {"837P", "837I"}:
            return _ClaimsBody(envelope, byte_start)
        return _OtherBody(envelope, byte_start, "an 837 transaction")

    return _scan(file, name, body)


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
    body = _RemittanceBody(envelope, byte_start)
    body.resume(first_ordinal)
    batch = cut_batch(text, envelope.interchange, byte_start)
    reading = body.feed(batch, 0)
    yield from (item for item in reading if isinstance(item, ClaimPayment))
    yield from body.close_last()
    if body.error is not None:
        raise body.error


class _Run:
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
        self.segments += taken

    def extend(self, batch: Batch, start: int, stop: int) -> None:
        """Take ``batch.segments[start:stop]``."""
        offsets = batch.offsets[start : stop + 1] if batch.offsets is not None else None
        byte = batch.byte_of(start) if start < stop else 0
        self.add(batch.segments[start:stop], byte, batch.stride, offsets)


def _offsets(segments: list[str], byte: int, stride: int) -> list[int]:
    """Give the byte of each segment, and of the end."""
    offsets = [byte]
    for segment in segments:
        byte += len(segment) + stride
        offsets.append(byte)
    return offsets


class _Body:
    """What stands between ST and SE, taken as it comes."""

    def __init__(self, envelope: Envelope, byte_start: int) -> None:
        self.envelope = envelope
        self.byte_start = byte_start
        self.segment_count = 0
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

    def origin(self, segment_number: int, run: _Run) -> Origin:
        """Make the origin of segments of this transaction."""
        return Origin(self.trace, segment_number, run.byte_start, run.stride, run.offsets)

    def _stop_at(self, batch: Batch, start: int) -> int:
        """Find the next segment of the envelope."""
        cut = self.envelope.interchange.separators.element
        stops = _stops(cut)
        index = start
        while index < len(batch.segments):
            segment = batch.segments[index]
            if segment[:3] in stops:
                if _is_named(segment, cut):
                    return index
            elif batch.is_uneven(segment):
                batch.straighten()
                continue
            index += 1
        return index


@cache
def _stops(cut: str) -> frozenset[str]:
    """Give the first three characters of the segments that end a body."""
    return frozenset((name + cut)[:3] for name in _ENVELOPE_IDS) | frozenset(_ENVELOPE_IDS)


def _is_named(segment: str, cut: str) -> bool:
    """Say whether a segment's name is two or three letters long, as three were looked at."""
    if len(segment) <= 3 or segment[2] == cut or segment[3] == cut:  # noqa: PLR2004
        return True
    # The next interchange's ISA comes with separators of its own.
    return segment.startswith("ISA") and not segment[3].isalnum()


class _WholeBody(_Body):
    """A transaction held whole."""

    def __init__(self, envelope: Envelope, byte_start: int) -> None:
        super().__init__(envelope, byte_start)
        self.run = _Run()

    def feed(self, batch: Batch, start: int) -> Generator[Any, None, int]:
        stop = self._stop_at(batch, start)
        self.run.extend(batch, start, stop)
        self.segment_count = len(self.run.segments)
        return stop
        yield

    def finish(self, byte_end: int) -> Iterator[Any]:
        model = _MODELS.get(self.envelope.kind, Loop)
        body = model.of(
            self.run.segments, self.envelope.interchange.separators, self.origin(2, self.run)
        )
        yield Transaction(self.envelope, body, self.byte_start, byte_end)

    def evidence(self) -> bytes:
        separators = self.envelope.interchange.separators
        end = separators.segment + separators.line_break
        st = separators.element.join(("ST", *self.envelope.st))
        return _raw((st, *self.run.segments), end)


def _raw(segments: tuple[str, ...] | list[str], end: str) -> bytes:
    kept, size = [], 0
    for segment in segments:
        size += len(segment) + len(end)
        if size > SEGMENT_BYTES_MAX:
            break
        kept.append(segment + end)
    return "".join(kept).encode("latin-1")


class _OtherBody(_Body):
    """A transaction of a kind that was not asked for: passed over, and refused."""

    def __init__(self, envelope: Envelope, byte_start: int, expected: str) -> None:
        super().__init__(envelope, byte_start)
        self.error = self.origin(1, _Run()).error(
            "other_kind", expected=expected, found=envelope.kind, segment_id="ST", element="ST01"
        )

    def feed(self, batch: Batch, start: int) -> Generator[Any, None, int]:
        stop = self._stop_at(batch, start)
        self.segment_count += stop - start
        return stop
        yield

    def finish(self, byte_end: int) -> Iterator[Any]:
        return iter(())


_PLAIN, _CAS, _SVC, _CLP, _LX, _PLB, _STOP = range(7)
_Section = Literal["header", "group", "claim", "tail"]
_SECTIONS_835: dict[int, _Section] = {_CLP: "claim", _LX: "group", _PLB: "tail"}
_CENT = Decimal("0.01")
_DIME = Decimal("0.1")
_UNIT = Decimal(1)
_AMOUNT_CHARACTERS = "0123456789.-"
_AMOUNT_LENGTH_MAX = 20
_OTHER_835_IDS = (
    "BPR TRN CUR REF DTM N1 N3 N4 PER RDM TS2 TS3 NM1 MIA MOA AMT QTY LQ"  # in no balance
).split()


def _in_cents(difference: Decimal) -> bool:
    """Say whether none of the amounts that made a difference had more than two decimals.

    A sum keeps the finest exponent among its terms.
    """
    return (
        difference.same_quantum(_CENT)
        or difference.same_quantum(_DIME)
        or difference.same_quantum(_UNIT)
    )


@cache
def _kinds_835(cut: str) -> dict[str, int]:
    kinds = dict.fromkeys(_stops(cut), _STOP)
    kinds |= {(name + cut)[:3]: _PLAIN for name in _OTHER_835_IDS}
    kinds |= {"CAS": _CAS, "SVC": _SVC, "CLP": _CLP, "LX" + cut: _LX, "PLB": _PLB}
    return kinds


class _RemittanceBody(_Body):
    """An 835, given claim by claim and balanced on the way."""

    def __init__(self, envelope: Envelope, byte_start: int) -> None:
        super().__init__(envelope, byte_start)
        separators = envelope.interchange.separators
        self.separators = separators
        self.kinds = _kinds_835(separators.element)
        self.section: _Section = "header"
        self.tail: Remittance | None = None
        self.run = _Run()
        self.group: ClaimGroup | None = None
        self.header: RemittanceHeader | None = None
        # Amounts of the claim in hand, as text: CLP03, CLP04, its CAS; then for each line
        # SVC02, SVC03, its CAS. ``marks`` tells where each line begins.
        self.amounts: list[str] = []
        self.marks: list[int] = []
        self.claim_count = self.line_count = self.ordinal = self.unknown_count = 0
        self.bad_claims = self.bad_lines = 0
        self.claims_paid = Decimal(0)
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

    def feed(self, batch: Batch, start: int) -> Generator[Any, None, int]:  # noqa: C901, PLR0912
        segments = batch.segments
        if self.error is not None:
            stop = self._stop_at(batch, start)
            self.segment_count += stop - start
            return stop
        cut = self.separators.element
        kind_of = self.kinds.get
        amounts = self.amounts
        in_claim = self.section == "claim"
        at, byte = start, batch.byte_of(start)
        index = start - 1
        kind: int | None = _PLAIN
        self.fed = self.segment_count - start
        for index, segment in enumerate(  # noqa: B007
            islice(segments, start, None) if start else segments, start
        ):
            kind = kind_of(segment[:3])
            if kind == _PLAIN:
                continue
            if kind == _CAS:
                elements = segment.split(cut)
                # One trio without quantity is by far the most frequent CAS.
                if len(elements) == 4 and elements[2] and in_claim and elements[0] == "CAS":  # noqa: PLR2004
                    amounts.append(elements[3])
                else:
                    self._take_cas(elements, batch, index, in_claim=in_claim)
            elif kind == _SVC:
                elements = segment.split(cut)
                if in_claim and len(elements) > 3 and elements[0] == "SVC":  # noqa: PLR2004
                    self.marks.append(len(amounts))
                    amounts += elements[2:4]
                else:
                    self._misplaced(batch, index, elements)
            elif kind is None:
                if batch.is_uneven(segment):
                    break
                self.unknown_count += 1
            elif not _is_named(segment, cut):
                self.unknown_count += 1
            elif kind == _PLB and self.section == "tail":
                continue
            else:
                piece = segments[at:index]
                offsets = batch.offsets
                if offsets is None:
                    after = byte + sum(map(len, piece)) + batch.stride * len(piece)
                else:
                    after, offsets = offsets[index], offsets[at : index + 1]
                item = self._close(piece, byte, batch.stride, offsets)
                at, byte = index, after
                if item is not None:
                    yield item
                if kind == _STOP or self.error is not None:
                    break
                self._open(kind, segment, batch, index)
                in_claim = self.section == "claim"
            if self.error is not None:
                break
        else:
            index += 1
        self.segment_count += index - start
        if self.error is not None:
            self.run = _Run()
            if not self.bad_raw:
                end = self.separators.segment + self.separators.line_break
                self.bad_raw = _raw(segments[at : index + 1], end)
            stop = self._stop_at(batch, index)
            self.segment_count += stop - index
            return stop
        self.run.extend(batch, at, index)
        if kind is None and index < len(segments):
            batch.straighten()
            return (yield from self.feed(batch, index))
        return index

    def finish(self, byte_end: int) -> Iterator[Any]:
        if self.error is not None:
            return
        if self.header is None:
            self.error = self._missing("LX, CLP or PLB segment after the header")
            return
        pairs: tuple[ProviderAdjustment, ...] = ()
        try:
            if self.tail is not None:
                pairs = self.tail.provider_adjustments
            paid = cents_of(self.claims_paid)
            payment = self.header.payment_cents
        except X12Error as error:
            self.error = error
            return
        withheld = sum(pair.amount_cents for pair in pairs)
        balance = RemittanceBalance(
            payment_cents=payment,
            claims_paid_cents=paid,
            provider_adjustments_cents=withheld,
            difference_cents=paid - withheld - payment,
            claim_count=self.claim_count,
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
        return self.bad_raw

    def close_last(self) -> Iterator[ClaimPayment]:
        """Give the claim in hand at the end of a byte range."""
        if self.error is None and self.section == "claim":
            item = self._close([], 0, 1, None)
            if isinstance(item, ClaimPayment):
                yield item

    def _open(self, kind: int, segment: str, batch: Batch, index: int) -> None:
        """Begin what a CLP, LX or PLB begins."""
        if self.section == "tail":
            self._misplace(batch, index, "CLP" if kind == _CLP else "LX")
        self.section = _SECTIONS_835[kind]
        if kind == _CLP:
            # The empty texts are no amounts, so a CLP that is too short cannot balance.
            self.amounts += [*segment.split(self.separators.element), "", "", ""][3:5]

    def _close(
        self, piece: list[str], byte: int, stride: int, offsets: list[int] | None
    ) -> RemittanceStart | ClaimPayment | None:
        """Finish the header, group, claim or PLB in hand, of which ``piece`` is the rest."""
        if self.run.segments:
            run, self.run = self.run, _Run()
            run.add(piece, byte, stride, offsets)
            piece, byte, stride, offsets = run.segments, run.byte_start, run.stride, run.offsets
        origin = Origin(self.trace, self.number, byte, stride, offsets)
        self.number += len(piece)
        if self.section == "claim":
            return self._claim(piece, origin)
        if not piece:
            return None
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
            return None
        self.header = header
        return RemittanceStart(self.envelope, header, self.byte_start)

    def _claim(self, piece: list[str], origin: Origin) -> ClaimPayment | None:
        """Balance the claim in hand, exactly and at once for all its amounts."""
        self.ordinal += 1
        origin.ordinal = self.ordinal
        origin.within = self.group
        claim = ClaimPayment.of(piece, self.separators, origin)
        texts, marks = self.amounts, self.marks
        self.claim_count += 1
        self.line_count += len(marks)
        if (
            "".join(texts).strip(_AMOUNT_CHARACTERS)
            or max(map(len, texts)) > _AMOUNT_LENGTH_MAX
        ):
            return self._weigh(claim)
        try:
            values = list(map(Decimal, texts))
        except InvalidOperation:
            return self._weigh(claim)
        charge, paid = values[0], values[1]
        if marks:
            line_at = marks[0]
            difference = charge - paid - sum(values[2:line_at])
            charges = charge
            ends = [*marks[1:], len(values)]
            for line_at, end in zip(marks, ends, strict=True):
                line_charge = values[line_at]
                adjusted = sum(values[line_at + 2 : end])
                off = line_charge - values[line_at + 1] - adjusted
                if off or not _in_cents(off):
                    return self._weigh(claim)
                charges -= line_charge
                difference -= adjusted
            if charges:
                return self._weigh(claim)
            marks.clear()
        else:
            difference = charge - paid - sum(values[2:])
        if difference or not _in_cents(difference):
            return self._weigh(claim)
        texts.clear()
        self.claims_paid += paid
        return claim

    def _weigh(self, claim: ClaimPayment) -> ClaimPayment | None:
        """Balance a claim that is out of balance, or whose amounts are written unusually."""
        self.amounts.clear()
        self.marks.clear()
        try:
            balance = balance_claim(claim)
            self.claims_paid += claim.paid
        except X12Error as error:
            self.error = error
            return None
        if not balance.is_balanced:
            self._note(claim, balance)
        return claim

    def _note(self, claim: ClaimPayment, balance: ClaimBalance) -> None:
        self.bad_claims += 1
        self.bad_lines += sum(1 for each in balance.line_differences_cents if each)
        if len(self.shown) < UNBALANCED_CLAIMS_SHOWN_MAX:
            self.shown.append(
                UnbalancedClaim(claim.ordinal, claim.control_number, claim.byte_start, balance)
            )

    def _take_cas(
        self, elements: list[str], batch: Batch, index: int, *, in_claim: bool
    ) -> None:
        """Take a CAS of several trios, or one that is malformed or in no claim."""
        if elements[0] != "CAS":
            self.unknown_count += 1
            return
        if not in_claim:
            self._misplaced(batch, index, elements)
            return
        amounts, reasons = elements[3::3], elements[2::3]
        if len(amounts) == len(reasons) and all(amounts) and all(reasons):
            self.amounts += amounts
            return
        try:
            self.amounts += [str(each.amount) for each in adjustments_in(elements)]
        except ValueError as error:
            self._fail(batch, index, str(error), "CAS", "trios of reason, amount and quantity")

    def _misplaced(self, batch: Batch, index: int, elements: list[str]) -> None:
        """Refuse an SVC or CAS that stands in no claim or is too short; count what is neither."""
        if elements[0] not in {"SVC", "CAS"}:
            self.unknown_count += 1
        elif self.section == "claim":
            self._fail(batch, index, "missing_element", elements[0], "SVC01, SVC02 and SVC03")
        else:
            self._misplace(batch, index, elements[0])

    def _misplace(self, batch: Batch, index: int, name: str) -> None:
        expected = {
            "SVC": "SVC within a claim, after CLP",
            "CAS": "CAS within a claim, after CLP",
        }.get(name, f"{name} before the first PLB")
        self._fail(batch, index, "misplaced_segment", name, expected)

    def _fail(self, batch: Batch, index: int, code: str, name: str, expected: str) -> None:
        run = _Run()
        run.extend(batch, index, index + 1)
        # Segments closed so far, those carried over, and those of this batch make the number.
        number = self.fed + index + 2
        self.error = self.origin(number, run).error(code, expected=expected, segment_id=name)

    def _missing(self, what: str) -> X12Error:
        run = _Run()
        run.byte_start = self.byte_start
        return self.origin(1, run).error("missing_segment", expected=f"an {what}")


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
_HL, _CLM = 1, 2
_OTHER_837_IDS = (
    "BHT REF NM1 N2 N3 N4 PER PRV CUR SBR PAT DMG DTP CL1 PWK CN1 AMT K3 NTE CR1 CR2 CR3 CRC "
    "HI HCP CAS OI MIA MOA LX SV1 SV2 SV5 QTY MEA LIN CTP SVD LQ FRM HSD UR"
).split()


@cache
def _kinds_837(cut: str) -> dict[str, int]:
    kinds = dict.fromkeys(_stops(cut), _STOP)
    kinds |= {(name + cut)[:3]: _PLAIN for name in _OTHER_837_IDS}
    kinds |= {"HL" + cut: _HL, "CLM": _CLM}
    return kinds


class _ClaimsBody(_Body):
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
        self.run = _Run()
        self.started = False
        self.claim_count = 0
        self.number = 2
        self.bad_raw = b""

    def feed(self, batch: Batch, start: int) -> Generator[Any, None, int]:
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
        for index, segment in enumerate(  # noqa: B007
            islice(segments, start, None) if start else segments, start
        ):
            kind = kind_of(segment[:3])
            if kind == _PLAIN:
                continue
            if kind is None and batch.is_uneven(segment):
                break
            if kind is None or not _is_named(segment, cut):
                self.unknown_count += 1
                continue
            piece = segments[at:index]
            offsets = batch.offsets
            if offsets is None:
                after = byte + sum(map(len, piece)) + batch.stride * len(piece)
            else:
                after, offsets = offsets[index], offsets[at : index + 1]
            item = self._close(piece, byte, batch.stride, offsets)
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
        yield ClaimsEnd(
            envelope=self.envelope,
            claim_count=self.claim_count,
            segment_count=self.segment_count + 2,
            unknown_segment_count=self.unknown_count,
            byte_start=self.byte_start,
            byte_end=byte_end,
        )

    def evidence(self) -> bytes:
        return self.bad_raw

    def _close(
        self, piece: list[str], byte: int, stride: int, offsets: list[int] | None
    ) -> ClaimsStart | ClaimInContext | None:
        """Finish the header, level or claim in hand, of which ``piece`` is the rest."""
        if self.run.segments:
            run, self.run = self.run, _Run()
            run.add(piece, byte, stride, offsets)
            piece, byte, stride, offsets = run.segments, run.byte_start, run.stride, run.offsets
        run = _Run()
        run.byte_start, run.stride, run.offsets = byte, stride, offsets
        origin = self.origin(self.number, run)
        self.number += len(piece)
        if self.section == "claim":
            return self._claim(piece, origin)
        if self.section == "level":
            self._level(piece, origin)
        elif not self.started:
            self.started = True
            header = self.header_model.of(piece, self.separators, origin)
            return ClaimsStart(self.envelope, header, self.byte_start)
        return None

    def _claim(self, piece: list[str], origin: Origin) -> ClaimInContext | None:
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
            origin.byte_of(piece, len(piece)),
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
        self.bad_raw = _raw(piece, self.separators.segment + self.separators.line_break)


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

    def __init__(self, name: str, body_of: Callable[[Envelope, int], _Body]) -> None:
        self.name = name
        self.body_of = body_of
        self.interchange: Interchange | None = None
        self.group: Group | None = None
        self.body: _Body | None = None
        self.group_count = self.transaction_count = self.segment_number = 0
        self.byte_start_interchange = self.byte_start_group = 0
        self.stray = _Stray()
        self.is_ended = False

    def run(self, source: Iterator[Batch]) -> Iterator[Any]:
        """Take all batches of the file."""
        byte = 0
        for batch in source:
            byte = batch.byte_end
            if batch.error is not None:
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
        assert interchange is not None
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
            self.body_of(envelope, byte) if error is None else _OtherBody(envelope, byte, "")
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
        if body.error is None and errors:
            body.error = errors[0]
        if body.error is None:
            yield from body.finish(end)
        if body.error is not None:
            yield self._refused(body, end)
        self.body = None

    def _ta1(
        self, elements: list[str], byte: int, end: int, interchange: Interchange
    ) -> Iterator[Any]:
        run = _Run()
        run.byte_start = byte
        segment = interchange.separators.element.join(elements)
        trace = Trace(self.name, interchange.control_number, "", "")
        origin = Origin(trace, self.segment_number, byte, 1)
        body = InterchangeAcknowledgement.of((segment,), interchange.separators, origin)
        envelope = Envelope("TA1", "", "", interchange, None, self.name)
        if self.body_of is _WholeBody:
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
            if body.error is None:
                number = body.envelope.control_number
                body.error = self._error("missing_trailer", byte, expected, "SE", "", number)
            yield self._refused(body, byte)
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

    def _refuse_uncut(self, batch: Batch) -> Iterator[Refusal]:
        yield from self._end_interchange(batch.byte_start, "IEA")
        yield from self._flush_stray()
        assert batch.error is not None
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
            raw = _raw(stray.segments, "~")
            yield Refusal(level, stray.error, None, stray.byte_start, stray.byte_end, raw)

    def _refused(self, body: _Body, byte_end: int) -> Refusal:
        assert body.error is not None
        return Refusal(
            "transaction", body.error, body.envelope, body.byte_start, byte_end, body.evidence()
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

    def _error(  # noqa: PLR0913, PLR0917
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


def _scan(
    file: BinaryIO | bytes, name: str, body_of: Callable[[Envelope, int], _Body]
) -> Iterator[Any]:
    return _Scan(name, body_of).run(batches(file, name))
