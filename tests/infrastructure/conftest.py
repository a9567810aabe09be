"""Both stages, synthesized once for the whole session."""

from __future__ import annotations

import pytest

from infra.settings import Stage
from tests.infrastructure.synthesis import Synthesis, synthesize


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
