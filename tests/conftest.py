"""What holds for every test: its level is its folder's, and only some levels may open connections."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How fast examples come is the machine's affair, not the code's: a busy one must not fail a test.
settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any-machine")

_TESTS = Path(__file__).parent
_LEVELS = {
    "unit": "unit",
    "contract": "contract",
    "integration": "integration",
    "infrastructure": "infrastructure",
    "simulation": "simulation",
    "e2e": "e2e",
}
_LOOPBACK = ["127.0.0.1", "::1", "localhost"]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test with its level, and keep it from the network as the level asks for.

    Unit tests open no connection at all, unless one is marked as needing a server of its own on
    this machine; everything else may talk to this machine only.
    """
    level = _LEVELS.get(item.path.relative_to(_TESTS).parts[0])
    if level is None:
        return
    item.add_marker(getattr(pytest.mark, level))
    if level == "unit" and item.get_closest_marker("loopback") is None:
        item.add_marker(pytest.mark.disable_socket)
    else:
        item.add_marker(pytest.mark.allow_hosts(_LOOPBACK))
