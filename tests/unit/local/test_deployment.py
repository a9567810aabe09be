import dataclasses

import pytest

from local.deployment import Deployment
from local.errors import LocalCloudError
from tests.unit.local.deployments import OUTPUTS, deployment


def test_names_are_read_from_the_outputs_of_all_stacks() -> None:
    found = deployment()

    assert found.records_table == "records"
    assert found.inboxes == {"Claim": "http://q/claim"}
    assert found.dead_letters == {"Claim": "http://q/claim-dead"}
    assert found.functions == {"ScrubClaim": "scrub"}


def test_an_output_that_is_missing_is_named() -> None:
    outputs = {**OUTPUTS, "billing-local-audit": {}}

    with pytest.raises(LocalCloudError, match="no output 'AuditTable'"):
        Deployment.from_outputs(outputs)


def test_a_deployment_survives_being_written_down() -> None:
    assert Deployment.from_json(dataclasses.asdict(deployment())) == deployment()
