"""The payers, through the simulator's control interface. Nothing of the simulator is imported."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.errors import LocalCloudError

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Simulator:
    """A running payer simulator."""

    url: str

    def deliver(self, kinds: Sequence[str]) -> dict[str, Any]:
        """The next wave of `acknowledgements`, `remittances` or `appeals`, files included."""
        return self._call("/_sim/deliver", {"kinds": list(kinds), "inline": True})

    def webhook(self, file_id: str, *, timestamp: int) -> dict[str, Any]:
        """The call that announces a file, signed at this time: its `headers` and its `body`."""
        return self._call("/_sim/webhook", {"file_id": file_id, "timestamp": timestamp})

    def report(self) -> dict[str, Any]:
        """What every payer has seen, decided and paid."""
        return self._call("/_sim/report")

    def new_world(self, world: Mapping[str, Any]) -> None:
        """Begin anew with another world."""
        self._call("/_sim/world", dict(world))

    def control(self, path: str, body: Mapping[str, Any]) -> None:
        """Change the payers' world: outages, members, the clock."""
        self._call(path, body)

    def _call(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - loopback only
            self.url + path,
            data=data,
            headers={"Content-Type": "application/json"},
            method="GET" if data is None else "POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310 - loopback only
                answer: dict[str, Any] = json.load(response)
                return answer
        except urllib.error.HTTPError as error:
            detail = error.read(500).decode(errors="replace")
            raise LocalCloudError(
                f"The payer simulator refused {path} with {error.code}: {detail}.",
                advice="Its log is logs/payer_simulator.log in the run's folder.",
            ) from None
        except OSError as error:
            raise LocalCloudError(
                f"The payer simulator does not answer ({type(error).__name__}).",
                advice="Its log is logs/payer_simulator.log in the run's folder.",
            ) from None
