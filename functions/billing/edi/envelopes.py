"""Transactions in an interchange of their own, under control numbers that were recorded before."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from functions.billing.domain.submission.trading_partner import TradingPartner
from functions.billing.x12 import (
    EligibilityInquiry,
    InstitutionalClaims,
    ProfessionalClaims,
    StatusInquiry,
    address,
    write,
)
from functions.billing.x12 import TradingPartner as WirePartner
from functions.billing.x12.addressing import NumberKind


@dataclass(frozen=True, slots=True)
class WireNumbers:
    """ISA13, GS06 and ST02; whether other transactions share the first two."""

    interchange: int
    group: int
    transaction: int
    is_shared: bool = False

    @property
    def batch_id(self) -> str:
        """BHT03, by which a 277CA may name the transaction: it leads to one claim even where several go together."""
        place = f"-{self.transaction:04d}" if self.is_shared else ""
        return f"{self.interchange:09d}{place}"


@dataclass(frozen=True, slots=True)
class _GivenNumbers:
    """`x12.ControlNumbers` that were all given out before."""

    interchange: int
    group: int
    transactions: Iterator[int]

    def next(self, partner: str, kind: NumberKind) -> int:  # noqa: ARG002 they are of one interchange
        """The number that was given."""
        match kind:
            case "interchange":
                return self.interchange
            case "group":
                return self.group
            case "transaction":
                return next(self.transactions)


def interchange(
    *bodies: tuple[
        ProfessionalClaims | InstitutionalClaims | EligibilityInquiry | StatusInquiry, WireNumbers
    ],
    partner: TradingPartner,
    at: datetime,
) -> bytes:
    """Transactions of one kind as a whole file, ISA to IEA: the same bytes for the same arguments.

    All of them bear the interchange and the group of the first.
    """
    wire = WirePartner(
        id=partner.receiver_id,
        sender_qualifier="ZZ",
        sender_id=partner.submitter_id,
        receiver_qualifier="ZZ",
        receiver_id=partner.receiver_id,
        sender_code=partner.submitter_id,
        receiver_code=partner.receiver_id,
    )
    first = bodies[0][1]
    given = _GivenNumbers(
        first.interchange, first.group, iter([numbers.transaction for _, numbers in bodies])
    )
    addressed = address(
        [body for body, _ in bodies], partner=wire, numbers=given, created=at, usage=partner.usage
    )
    return write(addressed)
