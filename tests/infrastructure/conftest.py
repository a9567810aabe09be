"""Both stages, synthesized once for the whole session."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.settings import Stage
from tests.infrastructure.synthesis import Synthesis, synthesize

HERE = Path(__file__).parent
SYNTHESES = {"production", "local", "unacknowledged"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is here, and keep what shares a synthesis in one process."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("infrastructure")
            if SYNTHESES & set(getattr(item, "fixturenames", [])):
                item.add_marker(pytest.mark.xdist_group("synthesis"))


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """Production, checked by the rule packs."""
    return synthesize(Stage.PROD, tmp_path_factory.mktemp("prod"), checked=True)


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """The stage that runs on the emulator."""
    return synthesize(Stage.LOCAL, tmp_path_factory.mktemp("local"), checked=False)


@pytest.fixture(scope="session")
def unacknowledged(
    tmp_path_factory: pytest.TempPathFactory,
) -> frozenset[tuple[str, str]]:
    """What the rule packs find in production when no exception is made: (rule, resource)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("infra.compliance.record_exception", lambda *_: None)
        bare = synthesize(Stage.PROD, tmp_path_factory.mktemp("bare"), checked=True)
    return bare.findings
