"""Who sends and who receives: the two ends of every interchange with a clearinghouse."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingPartner:
    """Identifiers both sides agreed on (ISA06/GS02/1000A and ISA08/GS03/1000B)."""

    submitter_id: str
    submitter_name: str
    submitter_phone: str
    receiver_id: str
    receiver_name: str
    # "P" production or "T" test (ISA15); what is marked test is never posted or sent as production.
    usage: Literal["P", "T"] = "P"
