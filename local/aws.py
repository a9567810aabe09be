"""Clients for the AWS that is meant: the local cloud's, or the real one of the environment."""

from dataclasses import dataclass
from functools import cache
from typing import Any

REGION = "us-east-1"
# The emulator's root: what a person at the console may do is not what a function may do.
ROOT_KEY = "test"


@dataclass(frozen=True, slots=True)
class Aws:
    """Makes clients. Without an endpoint they use the environment's credentials and region."""

    endpoint: str = ""

    def client(self, service: str) -> Any:
        """A client of one service, made once."""
        return _client(service, self.endpoint)


@cache
def _client(service: str, endpoint: str) -> Any:
    # boto3 takes a third of a second to import; the command line's help must not pay for it.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        retries={"mode": "standard", "max_attempts": 4},
        max_pool_connections=32,
        # Bucket names as part of the host do not resolve on a loopback address.
        s3={"addressing_style": "path"} if endpoint else None,
    )
    if not endpoint:
        return boto3.client(service, config=config)
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=ROOT_KEY,
        aws_secret_access_key=ROOT_KEY,
        config=config,
    )
