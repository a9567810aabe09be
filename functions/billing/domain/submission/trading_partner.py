"""Who sends and who receives: the two ends of every interchange with a clearinghouse."""

from dataclasses import dataclass
from typing import Literal

from functions.billing.domain.errors import UsageIndicatorError

# The ISA segment has fixed widths, so its fifteenth element stands at one place in every file.
_ISA15 = slice(102, 103)


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

    def require_usage(self, body: bytes) -> None:
        """Refuse to let frozen bytes out through a connection that has changed between test and production.

        Raises
        ------
        UsageIndicatorError
            If ISA15 of the file is not this partner's.
        """
        if body[_ISA15] != self.usage.encode():
            raise UsageIndicatorError(
                "usage_indicator_differs", detail=f"this connection sends ISA15 {self.usage} only"
            )
