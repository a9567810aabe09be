"""Calling a function of the people's tools, as a console does: with a cause of its own."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local.aws import Aws
from local.deployment import Deployment
from local.errors import LocalCloudError


def as_person(
    aws: Aws,
    deployment: Deployment,
    *,
    function: str,
    about: str,
    data: Mapping[str, Any],
    advice: str,
) -> dict[str, Any]:
    """Call a function of the people's tools; what it answered.

    Raises
    ------
    LocalCloudError
        If the function refuses.
    """
    identifier = f"by-hand-{about}-{datetime.now(UTC):%Y%m%d%H%M%S}"
    payload = {
        "cause_id": identifier,
        "cause_type": "decision",
        "correlation_id": identifier,
        "data": data,
    }
    answer = aws.client("lambda").invoke(
        FunctionName=deployment.functions[function], Payload=json.dumps(payload)
    )
    result: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise LocalCloudError(
            f"{about} could not be decided: {result.get('errorMessage', 'no reason')}.",
            advice=advice,
        )
    return result
