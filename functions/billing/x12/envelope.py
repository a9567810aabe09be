"""ISA, GS and ST: who sends what to whom, under which numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from .codecs import day_of
from .errors import X12Error
from .loops import Loop
from .separators import DEFAULT_SEPARATORS, Separators

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

ISA_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
"""Characters of ISA01 to ISA16."""

FUNCTIONAL_IDS = {
    "837P": "HC",
    "837I": "HC",
    "835": "HP",
    "270": "HS",
    "271": "HB",
    "276": "HR",
    "277": "HN",
    "277CA": "HN",
    "999": "FA",
}
"""GS01 by kind of transaction."""

_CONTROL_NUMBER_MAX = 999_999_999


@dataclass(frozen=True, slots=True)
class Interchange:
    """The ISA segment.

    Attributes
    ----------
    elements
        ISA01 to ISA16 exactly as on the wire, padding included.
    separators
        The characters the segment declares.
    """

    elements: tuple[str, ...]
    separators: Separators = DEFAULT_SEPARATORS

    @property
    def sender_qualifier(self) -> str:
        """ISA05."""
        return self.elements[4].strip()

    @property
    def sender_id(self) -> str:
        """ISA06, without padding."""
        return self.elements[5].strip()

    @property
    def receiver_qualifier(self) -> str:
        """ISA07."""
        return self.elements[6].strip()

    @property
    def receiver_id(self) -> str:
        """ISA08, without padding."""
        return self.elements[7].strip()

    @property
    def created_on(self) -> date:
        """ISA09, the years taken as 20YY; raises ValueError when it is no date."""
        return day_of(self.elements[8])

    @property
    def created_at(self) -> str:
        """ISA10, HHMM."""
        return self.elements[9]

    @property
    def version(self) -> str:
        """ISA12: 00501."""
        return self.elements[11]

    @property
    def control_number(self) -> str:
        """ISA13, nine digits."""
        return self.elements[12]

    @property
    def acknowledgement_requested(self) -> bool:
        """ISA14 is 1: a TA1 is wanted."""
        return self.elements[13] == "1"

    @property
    def usage(self) -> str:
        """ISA15: P production, T test. What says T must never be posted or sent as production."""
        return self.elements[14]

    @property
    def is_test(self) -> bool:
        """Whether ISA15 is anything but P."""
        return self.elements[14] != "P"


@dataclass(frozen=True, slots=True)
class Group:
    """The GS segment; ``elements`` are GS01 to GS08 as on the wire."""

    elements: tuple[str, ...]

    def _at(self, number: int) -> str:
        return self.elements[number - 1] if number <= len(self.elements) else ""

    @property
    def functional_id(self) -> str:
        """GS01: HC claims, HP remittance, HS and HB eligibility, HR and HN status, FA 999."""
        return self._at(1)

    @property
    def sender_code(self) -> str:
        """GS02."""
        return self._at(2)

    @property
    def receiver_code(self) -> str:
        """GS03."""
        return self._at(3)

    @property
    def created_on(self) -> date:
        """GS04; raises ValueError when it is no date."""
        return day_of(self._at(4))

    @property
    def created_at(self) -> str:
        """GS05."""
        return self._at(5)

    @property
    def control_number(self) -> str:
        """GS06."""
        return self._at(6)

    @property
    def version(self) -> str:
        """GS08, such as 005010X222A1."""
        return self._at(8)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where a transaction stands. Acknowledgements name it by ISA13, GS06 and ST02.

    Attributes
    ----------
    kind
        837P, 837I, 835, 270, 271, 276, 277, 277CA, 999 or TA1; ST01 for any other.
    control_number
        ST02; empty for a TA1.
    version
        ST03, or GS08 where ST03 is absent.
    interchange, group
        ISA and GS; a TA1 has no group.
    file
        Name given to the reader.
    st
        The ST segment's elements as on the wire.
    """

    kind: str
    control_number: str
    version: str
    interchange: Interchange
    group: Group | None
    file: str = ""
    st: tuple[str, ...] = ()

    @property
    def is_test(self) -> bool:
        """Whether ISA15 is anything but P."""
        return self.interchange.is_test


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction, whole.

    Attributes
    ----------
    envelope
        Its kind, numbers and surroundings.
    body
        Everything between ST and SE as a typed loop: `ProfessionalClaims`,
        `InstitutionalClaims`, `Remittance`, `EligibilityInquiry`, `EligibilityResponse`,
        `StatusInquiry`, `StatusResponse`, `ClaimAcknowledgement`,
        `ImplementationAcknowledgement`, `InterchangeAcknowledgement`; a bare `Loop` for a kind
        without a model.
    byte_start, byte_end
        From the first byte of ST to the byte after SE's terminator; -1 when made in memory.
    se
        The SE segment's elements as on the wire, written back while its count is right.
    """

    envelope: Envelope
    body: Any
    byte_start: int = -1
    byte_end: int = -1
    se: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The envelope's kind."""
        return self.envelope.kind

    @property
    def segments(self) -> tuple[str, ...]:
        """ST to SE, without terminators; a TA1 is its one segment."""
        body: Loop = self.body
        separators = self.envelope.interchange.separators
        written = body.rendered(separators)
        if self.envelope.kind == "TA1":
            return written
        cut = separators.element
        count = len(written) + 2
        se = self.se
        if not se or not se[0].isdecimal() or int(se[0]) != count:
            se = (str(count), self.envelope.control_number)
        return cut.join(("ST", *self.envelope.st)), *written, cut.join(("SE", *se))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that could not be read, with the reason and the evidence.

    Attributes
    ----------
    level
        ``transaction``, ``group``, ``interchange`` or ``file``.
    error
        The first thing wrong.
    envelope
        The transaction's surroundings, as far as they were read.
    byte_start, byte_end
        The bytes refused.
    raw
        Those bytes, at most a mebibyte of them; streams, which keep nothing, give only the
        bytes at fault.
    others
        Whatever else is wrong, where the transaction was held whole.
    """

    level: Literal["transaction", "group", "interchange", "file"]
    error: X12Error
    envelope: Envelope | None = None
    byte_start: int = -1
    byte_end: int = -1
    raw: bytes = b""
    others: tuple[X12Error, ...] = ()


NumberKind = Literal["interchange", "group", "transaction"]


class ControlNumbers(Protocol):
    """Where control numbers come from; every number is given once per partner and kind."""

    def next(self, partner: str, kind: NumberKind) -> int:
        """Give the partner's next number, from 1 to 999 999 999.

        An implementation must be atomic, and must never give a number twice.
        """
        ...


class CountedNumbers:
    """Control numbers counted in memory from given starts: for tests, and for known numbers.

    Parameters
    ----------
    interchange, group, transaction
        The first number of each kind.
    """

    def __init__(self, *, interchange: int = 1, group: int = 1, transaction: int = 1) -> None:
        self._starts: dict[NumberKind, int] = {
            "interchange": interchange,
            "group": group,
            "transaction": transaction,
        }
        self._given: dict[tuple[str, NumberKind], int] = {}

    def next(self, partner: str, kind: NumberKind) -> int:
        """Give the partner's next number."""
        number = self._given.get((partner, kind), self._starts[kind] - 1) + 1
        self._given[partner, kind] = number
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingPartner:
    """How interchanges with one partner are addressed.

    Attributes
    ----------
    id
        Our name for the partner: control numbers are unique within it.
    sender_qualifier, sender_id
        ISA05 and ISA06: we.
    receiver_qualifier, receiver_id
        ISA07 and ISA08: they.
    sender_code, receiver_code
        GS02 and GS03.
    separators
        The characters to write with.
    acknowledgement_requested
        Whether a TA1 is wanted (ISA14).
    """

    id: str
    sender_qualifier: str
    sender_id: str
    receiver_qualifier: str
    receiver_id: str
    sender_code: str
    receiver_code: str
    separators: Separators = DEFAULT_SEPARATORS
    acknowledgement_requested: bool = False


def address(
    bodies: Sequence[Any],
    *,
    partner: TradingPartner,
    numbers: ControlNumbers,
    created: datetime,
    usage: Literal["P", "T"],
) -> tuple[Transaction, ...]:
    """Put bodies into one interchange, neighbours of a kind into one group, with new numbers.

    Parameters
    ----------
    bodies
        Models such as `ProfessionalClaims`; order is kept.
    partner
        Addresses and separators.
    numbers
        Gives ISA13, GS06 and ST02, in that order.
    created
        Time written into ISA09, ISA10, GS04 and GS05.
    usage
        ISA15.

    Returns
    -------
    tuple of Transaction
        For `write`.

    Raises
    ------
    X12Error
        ``address_too_long`` or ``control_number`` when a value does not fit its element.
    """
    interchange = _interchange(partner, numbers.next(partner.id, "interchange"), created, usage)
    group: Group | None = None
    group_kind = ""
    addressed = []
    for body in bodies:
        kind: str = body.kind
        if kind == "TA1":
            addressed.append(Transaction(Envelope(kind, "", "", interchange, None), body))
            continue
        if group is None or kind != group_kind:
            number = numbers.next(partner.id, "group")
            group, group_kind = _group(partner, kind, body.version, number, created), kind
        number = numbers.next(partner.id, "transaction")
        control_number = f"{_checked(number):04d}"
        # The 835 alone has no ST03.
        version = () if kind == "835" else (body.version,)
        st = (kind[:3], control_number, *version)
        envelope = Envelope(kind, control_number, body.version, interchange, group, "", st)
        addressed.append(Transaction(envelope, body))
    return tuple(addressed)


def _checked(number: int) -> int:
    if not 0 < number <= _CONTROL_NUMBER_MAX:
        raise X12Error("control_number", expected="a number from 1 to 999999999", found=str(number))
    return number


def _interchange(
    partner: TradingPartner, number: int, created: datetime, usage: str
) -> Interchange:
    separators = partner.separators
    values = (
        "00",
        "",
        "00",
        "",
        partner.sender_qualifier,
        partner.sender_id,
        partner.receiver_qualifier,
        partner.receiver_id,
        f"{created:%y%m%d}",
        f"{created:%H%M}",
        separators.repetition,
        "00501",
        f"{_checked(number):09d}",
        "1" if partner.acknowledgement_requested else "0",
        usage,
        separators.component,
    )
    padded = []
    for at, (value, width) in enumerate(zip(values, ISA_WIDTHS, strict=True), 1):
        if len(value) > width:
            raise X12Error(
                "address_too_long",
                expected=f"at most {width} characters",
                segment_id="ISA",
                element=f"ISA{at:02d}",
            )
        padded.append(value.ljust(width))
    return Interchange(tuple(padded), separators)


def _group(
    partner: TradingPartner, kind: str, version: str, number: int, created: datetime
) -> Group:
    return Group(
        (
            FUNCTIONAL_IDS[kind],
            partner.sender_code,
            partner.receiver_code,
            f"{created:%Y%m%d}",
            f"{created:%H%M}",
            str(_checked(number)),
            "X",
            version,
        )
    )
