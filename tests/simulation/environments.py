"""What clearinghouses promise, in every combination the protocol must be right in."""

from dataclasses import dataclass, replace
from datetime import timedelta

from tests.simulation.clearinghouse import Promises

# As deployed (infra/settings.py), but for what an environment declares.
_CONNECTOR = {
    "name": "simulated",
    "kind": "rest",
    "url": "https://clearinghouse.example",
    "idempotency_window_hours": 0,
    "lookup_authoritative": False,
    "landing_bound_seconds": 60,
    "settle_seconds": 75,
    "timeout_seconds": 20,
    "claims_per_file": 1,
    "file_wait_minutes": 10,
    "submitter_id": "CLINIC1",
    "submitter_name": "EXAMPLE CLINICS",
    "submitter_phone": "5550100000",
    "receiver_id": "HOUSE1",
    "receiver_name": "CLEARINGHOUSE",
    "usage": "P",
}
_DAY = timedelta(hours=24)
_AT_ONCE = timedelta(0)
_LATE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Environment:
    """A clearinghouse as it is declared to us, and as it behaves."""

    name: str
    connector: dict[str, object]
    promises: Promises

    @property
    def has_key(self) -> bool:
        """It honours idempotency keys."""
        return bool(self.promises.key_window)

    @property
    def has_list(self) -> bool:
        """It can be asked, and its answer is to be trusted."""
        return self.promises.has_list


def _environment(name: str, *, key: bool, lookup: bool, late: bool = False) -> Environment:
    declared = _CONNECTOR | {
        "idempotency_window_hours": 24 if key else 0,
        "lookup_authoritative": lookup,
    }
    promises = Promises(
        key_window=_DAY if key else _AT_ONCE,
        has_list=lookup,
        landing_delay=_LATE if late else _AT_ONCE,
    )
    return Environment(name, declared, promises)


def _together(environment: Environment) -> Environment:
    """The same clearinghouse, which wants two claims in a file."""
    declared = environment.connector | {"claims_per_file": 2}
    return Environment(f"{environment.name}, in files", declared, environment.promises)


ENVIRONMENTS = (
    _environment("key and list", key=True, lookup=True),
    _environment("key only", key=True, lookup=False),
    _environment("list only", key=False, lookup=True),
    _environment("neither", key=False, lookup=False),
    _environment("late, key", key=True, lookup=False, late=True),
    _environment("late, list", key=False, lookup=True, late=True),
)

IN_FILES = tuple(map(_together, ENVIRONMENTS))

# A clearinghouse that finds fault with everything: a file of several is refused, then each claim of it alone.
REFUSES = replace(
    IN_FILES[0], name="refuses, in files", promises=replace(IN_FILES[0].promises, refuses=True)
)
