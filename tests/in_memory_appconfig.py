"""As much of AWS AppConfig as roll-outs use, in memory: versions, deployments, sessions."""

from io import BytesIO
from typing import Any

from botocore.exceptions import ClientError

PROFILE: dict[str, str] = {"application": "app", "environment": "env", "profile": "rules"}
STRATEGIES: dict[str, str] = {"staged": "slow", "at_once": "fast"}


class InMemoryAppConfig:
    """Both clients in one: `appconfig` deploys, `appconfigdata` hears. A staged deployment ends when told to.

    A token is good for one call; content is sent when it is new to the session, as on AWS.
    """

    def __init__(self, *, is_staged_slow: bool = False) -> None:
        self.is_staged_slow = is_staged_slow
        self.is_down = False
        self.versions: list[bytes] = []
        self.deployments: list[dict[str, Any]] = []
        self.polls = 0
        self._sessions: dict[str, int] = {}

    # Deploying ---------------------------------------------------------------------------------

    def create_hosted_configuration_version(self, *, Content: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803
        self.versions.append(Content)
        return {"VersionNumber": len(self.versions)}

    def get_hosted_configuration_version(self, *, VersionNumber: int, **_: Any) -> dict[str, Any]:  # noqa: N803
        return {"Content": BytesIO(self.versions[VersionNumber - 1])}

    def start_deployment(
        self,
        *,
        ConfigurationVersion: str,  # noqa: N803
        DeploymentStrategyId: str,  # noqa: N803
        Description: str,  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        if any(one["State"] == "DEPLOYING" for one in self.deployments):
            raise _refusal("ConflictException", "StartDeployment")
        is_slow = self.is_staged_slow and DeploymentStrategyId == STRATEGIES["staged"]
        deployment = {
            "DeploymentNumber": len(self.deployments) + 1,
            "ConfigurationVersion": ConfigurationVersion,
            "State": "DEPLOYING" if is_slow else "COMPLETE",
            "Description": Description,
        }
        self.deployments.append(deployment)
        return deployment

    def stop_deployment(self, *, DeploymentNumber: int, **_: Any) -> dict[str, Any]:  # noqa: N803
        deployment = self.deployments[DeploymentNumber - 1]
        deployment["State"] = "ROLLED_BACK"
        return deployment

    def list_deployments(self, **_: Any) -> dict[str, Any]:
        return {"Items": list(reversed(self.deployments))}

    def end_deployment(self, state: str = "COMPLETE") -> None:
        """What time, or an alarm, does to the newest one."""
        self.deployments[-1]["State"] = state

    # Hearing -----------------------------------------------------------------------------------

    def start_configuration_session(self, **_: Any) -> dict[str, Any]:
        self._refuse_while_down("StartConfigurationSession")
        return {"InitialConfigurationToken": self._token(0)}

    def get_latest_configuration(self, *, ConfigurationToken: str) -> dict[str, Any]:  # noqa: N803
        self.polls += 1
        known = self._sessions.pop(ConfigurationToken, None)
        self._refuse_while_down("GetLatestConfiguration")
        if known is None:
            raise _refusal("BadRequestException", "GetLatestConfiguration")
        settled = [one for one in self.deployments if one["State"] == "COMPLETE"]
        newest = int(settled[-1]["ConfigurationVersion"]) if settled else 0
        body = b"" if newest == known else self.versions[newest - 1]
        return {
            "Configuration": BytesIO(body),
            "NextPollConfigurationToken": self._token(newest),
            "NextPollIntervalInSeconds": 15,
        }

    def _token(self, known: int) -> str:
        token = f"token-{self.polls}-{len(self._sessions)}"
        self._sessions[token] = known
        return token

    def _refuse_while_down(self, operation: str) -> None:
        if self.is_down:
            raise _refusal("InternalServerException", operation)


def _refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)
