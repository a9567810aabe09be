"""What a deployment declares of its clearinghouse connections, read; no connection is made for it."""

from collections.abc import Mapping, Sequence
from typing import Any

from functions.billing.domain.submission.protocol import Connector
from functions.billing.domain.submission.trading_partner import TradingPartner

Declaration = Mapping[str, Any]


def gathers(declared: Sequence[Declaration], connector: str) -> bool:
    """See `ports.Connections`: an empty name is the first's."""
    named = [each for each in declared if connector in ("", str(each["name"]))]
    return bool(named) and connector_of(named[0]).gathers


def connector_of(declared: Declaration) -> Connector:
    """What the connection promises."""
    return Connector(
        name=str(declared["name"]),
        idempotency_window_hours=int(declared["idempotency_window_hours"]),
        lookup_is_authoritative=bool(declared["lookup_authoritative"]),
        landing_bound_seconds=int(declared["landing_bound_seconds"]),
        settle_seconds=int(declared["settle_seconds"]),
        claims_per_file=int(declared["claims_per_file"]),
        file_wait_minutes=int(declared["file_wait_minutes"]),
    )


def partner_of(declared: Declaration) -> TradingPartner:
    """Who its two ends are."""
    return TradingPartner(
        submitter_id=str(declared["submitter_id"]),
        submitter_name=str(declared["submitter_name"]),
        submitter_phone=str(declared["submitter_phone"]),
        receiver_id=str(declared["receiver_id"]),
        receiver_name=str(declared["receiver_name"]),
        # Anything but an explicit P is a test: nothing goes out as production by accident.
        usage="P" if declared["usage"] == "P" else "T",
    )
