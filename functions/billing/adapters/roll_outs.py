"""Roll-outs on AWS AppConfig: how running functions learn which versions judge, and how they are told.

What AppConfig carries is one small document for all rule sets. It deploys it in steps and takes it back by
itself when the environment's alarm sounds; contents never go through it.
"""

import json
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from functions.billing.adapters.codec import plain, typed_fields
from functions.billing.domain.events.envelope import canonical_json
from functions.billing.domain.rule_versions.roll_out import Assignment, RollOutState

# The shortest pause AppConfig lets a client declare.
_DECLARED_POLL_SECONDS = 15
_IN_PROGRESS = frozenset({"BAKING", "VALIDATING", "DEPLOYING", "ROLLING_BACK"})
_TAKEN_BACK = frozenset({"ROLLED_BACK", "REVERTED"})


class AppConfigRollOuts:
    """The document as this process last heard it; asked for again after `poll_seconds`.

    `profile` names AppConfig's ids: application, environment, profile. The client is made when it is first needed.
    """

    def __init__(
        self, client: Callable[[], Any], profile: Mapping[str, str], *, poll_seconds: float
    ) -> None:
        self._client = client
        self._profile = profile
        self._poll_seconds = poll_seconds
        self._token = ""
        self._heard: Mapping[str, Assignment] = {}
        self._heard_at = float("-inf")

    def assignments(self) -> Mapping[str, Assignment]:
        """Every rule set's versions. While AppConfig does not answer, what was heard before holds."""
        if monotonic() - self._heard_at < self._poll_seconds:
            return self._heard
        try:
            body = self._latest()
        except (BotoCoreError, ClientError):
            # A token is good for one call: after a failed one the next begins a session anew.
            self._token = ""
            if not self._heard:
                raise
        else:
            if body:
                self._heard = _assignments(body)
        self._heard_at = monotonic()
        return self._heard

    def _latest(self) -> bytes:
        client = self._client()
        if not self._token:
            session = client.start_configuration_session(
                ApplicationIdentifier=self._profile["application"],
                EnvironmentIdentifier=self._profile["environment"],
                ConfigurationProfileIdentifier=self._profile["profile"],
                RequiredMinimumPollIntervalInSeconds=_DECLARED_POLL_SECONDS,
            )
            self._token = session["InitialConfigurationToken"]
        answer = client.get_latest_configuration(ConfigurationToken=self._token)
        self._token = answer["NextPollConfigurationToken"]
        body: bytes = answer["Configuration"].read()
        return body


class AppConfigDeployments:
    """`ports.RollOuts`: the document's deployments, `staged` or `at_once` by the strategies of these ids."""

    def __init__(
        self, client: Any, profile: Mapping[str, str], strategies: Mapping[str, str]
    ) -> None:
        self._client = client
        self._profile = profile
        self._strategies = strategies

    def state(self) -> RollOutState:
        """See `ports.RollOuts`."""
        newest = self._newest()
        if newest is None:
            return RollOutState.SETTLED
        if newest["State"] in _IN_PROGRESS:
            return RollOutState.DEPLOYING
        return RollOutState.TAKEN_BACK if newest["State"] in _TAKEN_BACK else RollOutState.SETTLED

    def deployed(self) -> Mapping[str, Assignment]:
        """See `ports.RollOuts`."""
        settled = [one for one in self._deployments() if one["State"] == "COMPLETE"]
        if not settled:
            return {}
        newest = max(settled, key=lambda one: one["DeploymentNumber"])
        answer = self._client.get_hosted_configuration_version(
            ApplicationId=self._profile["application"],
            ConfigurationProfileId=self._profile["profile"],
            VersionNumber=int(newest["ConfigurationVersion"]),
        )
        return _assignments(answer["Content"].read())

    def deploy(self, assignments: Mapping[str, Assignment], *, at_once: bool, why: str) -> bool:
        """See `ports.RollOuts`."""
        newest = self._newest()
        if newest and newest["State"] in _IN_PROGRESS:
            if not at_once:
                return False
            self._client.stop_deployment(
                ApplicationId=self._profile["application"],
                EnvironmentId=self._profile["environment"],
                DeploymentNumber=newest["DeploymentNumber"],
                AllowRevert=True,
            )
        version = self._client.create_hosted_configuration_version(
            ApplicationId=self._profile["application"],
            ConfigurationProfileId=self._profile["profile"],
            Content=canonical_json({name: plain(one) for name, one in assignments.items()}),
            ContentType="application/json",
        )
        try:
            self._client.start_deployment(
                ApplicationId=self._profile["application"],
                EnvironmentId=self._profile["environment"],
                ConfigurationProfileId=self._profile["profile"],
                ConfigurationVersion=str(version["VersionNumber"]),
                DeploymentStrategyId=self._strategies["at_once" if at_once else "staged"],
                Description=why,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConflictException":
                raise
            return False
        return True

    def _newest(self) -> Mapping[str, Any] | None:
        return max(self._deployments(), key=lambda one: one["DeploymentNumber"], default=None)

    def _deployments(self) -> list[Mapping[str, Any]]:
        answer = self._client.list_deployments(
            ApplicationId=self._profile["application"],
            EnvironmentId=self._profile["environment"],
            MaxResults=50,
        )
        items: list[Mapping[str, Any]] = answer["Items"]
        return items


def _assignments(body: bytes) -> Mapping[str, Assignment]:
    return {name: typed_fields(Assignment, one) for name, one in json.loads(body).items()}
