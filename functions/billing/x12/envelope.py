"""ISA, GS and ST: who sends what to whom, under which numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .codecs import day_of
from .errors import X12Error
from .loops import Loop
from .separators import DEFAULT_SEPARATORS, Separators

if TYPE_CHECKING:
    from datetime import date

ISA_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
"""Characters of ISA01 to ISA16."""


class Interchange(NamedTuple):
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


class Group(NamedTuple):
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


class Envelope(NamedTuple):
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


class Transaction(NamedTuple):
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


class Refusal(NamedTuple):
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
