"""Bodies put into envelopes: who sends them to whom, under which control numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from .envelope import ISA_WIDTHS, Envelope, Group, Interchange, Transaction
from .errors import X12Error
from .separators import DEFAULT_SEPARATORS, Separators

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

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


class TradingPartner(NamedTuple):
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
