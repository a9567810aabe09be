"""The deployment's clearinghouse connections: declared by its settings, made when a claim first goes through one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from functions.billing.adapters.clearinghouse import RestClearinghouse
from functions.billing.adapters.declarations import (
    Declaration,
    connector_of,
    gathers,
    partner_of,
)
from functions.billing.adapters.file_exchange import FileExchange
from functions.billing.domain.errors import RuleSetError
from functions.billing.ports import ClaimConnection

REST, FILES = "rest", "files"


class DeclaredConnections:
    """`ports.Connections` over the settings' declarations.

    Parameters
    ----------
    declared
        One mapping for each connection, the deployment's first choice first.
    api_keys
        Gives the API keys by connection name; asked once, and only where a connection needs one.
    client
        Gives a boto3 client by service.
    bucket
        Gives the bucket that holds the folders of file exchanges.
    """

    def __init__(
        self,
        declared: Sequence[Declaration],
        *,
        api_keys: Callable[[], Mapping[str, str]],
        client: Callable[[str], Any],
        bucket: Callable[[], str],
    ) -> None:
        self._declared = {str(each["name"]): each for each in declared}
        self._first = str(declared[0]["name"])
        self._api_keys = api_keys
        self._client = client
        self._bucket = bucket
        self._made: dict[str, ClaimConnection] = {}

    def named(self, connector: str) -> ClaimConnection:
        """See `ports.Connections`."""
        name = connector or self._first
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def gathers(self, connector: str) -> bool:
        """See `ports.Connections`. Read from the declaration: no connection is made for it."""
        return gathers(tuple(self._declared.values()), connector)

    def real_time(self) -> RestClearinghouse:
        """The first connection that answers at once: eligibility, claim status, appeals.

        Raises
        ------
        RuleSetError
            If the deployment declares none.
        """
        found = self.listing()
        if found is None:
            raise RuleSetError("connector_not_declared", detail="no connection answers at once")
        return found

    def listing(self) -> RestClearinghouse | None:
        """The same, for what it holds for us; None where files alone are exchanged, which nobody lists."""
        for name, declared in self._declared.items():
            if declared["kind"] == REST:
                connection = self.named(name)
                if isinstance(connection, RestClearinghouse):
                    return connection
        return None

    def _make(self, name: str) -> ClaimConnection:
        declared = self._declared.get(name)
        if declared is None:
            raise RuleSetError(
                "connector_not_declared",
                subject=f"connector:{name}",
                detail="a payer policy names a connection the deployment does not have",
            )
        connector, partner = connector_of(declared), partner_of(declared)
        if declared["kind"] == FILES:
            return FileExchange(
                self._client("s3"), bucket=self._bucket(), connector=connector, partner=partner
            )
        return RestClearinghouse(
            base_url=str(declared["url"]),
            api_key=self._api_keys()[name],
            connector=connector,
            partner=partner,
            timeout_seconds=float(declared["timeout_seconds"]),
        )
