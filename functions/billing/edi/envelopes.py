"""One transaction in its own interchange, under control numbers that were recorded before."""

from dataclasses import dataclass
from datetime import datetime

from functions.billing.domain.submission.trading_partner import TradingPartner
from functions.billing.x12 import (
    CountedNumbers,
    EligibilityInquiry,
    InstitutionalClaims,
    ProfessionalClaims,
    StatusInquiry,
    address,
    write,
)
from functions.billing.x12 import TradingPartner as WirePartner


@dataclass(frozen=True, slots=True)
class WireNumbers:
    """ISA13, GS06 and ST02."""

    interchange: int
    group: int
    transaction: int


def interchange(
    body: ProfessionalClaims | InstitutionalClaims | EligibilityInquiry | StatusInquiry,
    *,
    numbers: WireNumbers,
    partner: TradingPartner,
    at: datetime,
) -> bytes:
    """The transaction as a whole file: ISA to IEA, the same bytes for the same arguments."""
    wire = WirePartner(
        id=partner.receiver_id,
        sender_qualifier="ZZ",
        sender_id=partner.submitter_id,
        receiver_qualifier="ZZ",
        receiver_id=partner.receiver_id,
        sender_code=partner.submitter_id,
        receiver_code=partner.receiver_id,
    )
    counted = CountedNumbers(
        interchange=numbers.interchange, group=numbers.group, transaction=numbers.transaction
    )
    return write(address([body], partner=wire, numbers=counted, created=at, usage=partner.usage))
