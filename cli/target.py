"""Which deployment a command talks to: the local cloud that is up, or a stage on AWS."""

from dataclasses import dataclass

from local.aws import Aws
from local.cloud import read_running_cloud
from local.deployment import Deployment
from local.errors import LocalCloudError

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Target:
    """Clients and names of one deployment."""

    aws: Aws
    deployment: Deployment


def target(stage: str) -> Target:
    """The deployment of a stage; on AWS its names are read from the stacks' outputs.

    Raises
    ------
    LocalCloudError
        If no local cloud is up, or the stage is not deployed.
    """
    if stage == LOCAL:
        cloud = read_running_cloud()
        if cloud is None:
            raise LocalCloudError(
                "No local cloud is up.", advice="Start one with: make up (or name a --stage)"
            )
        return Target(cloud.aws, cloud.deployment)
    return Target(Aws(), _deployed(stage))


def _deployed(stage: str) -> Deployment:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - slow to import

    try:
        stacks = Aws().client("cloudformation").get_paginator("describe_stacks").paginate()
        outputs = {
            stack["StackName"]: {
                one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])
            }
            for page in stacks
            for stack in page["Stacks"]
            if stack["StackName"].startswith(f"billing-{stage}-")
        }
    except (BotoCoreError, ClientError) as error:
        raise LocalCloudError(
            f"AWS could not be asked for stage {stage} ({type(error).__name__}).",
            advice="Check the credentials and the region of your environment.",
        ) from None
    if not outputs:
        raise LocalCloudError(
            f"Stage {stage} is not deployed in this account and region.",
            advice="Check AWS_PROFILE and AWS_REGION, or deploy it with cdk deploy.",
        )
    return Deployment.from_outputs(outputs)
