"""The layer with everything the functions import that is not ours."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.build_assets import LAYER_ZIP

if TYPE_CHECKING:
    from infra.constructs.assets import Assets

RUNTIME = lambda_.Runtime.PYTHON_3_13


def architecture(*, is_local: bool) -> lambda_.Architecture:
    """Arm64 on AWS; on the emulator the machine's own, since functions run there as processes."""
    if is_local and platform.machine().lower() in {"x86_64", "amd64"}:
        return lambda_.Architecture.X86_64
    return lambda_.Architecture.ARM_64


class DependencyLayer(Construct):
    """The dependency layer, built from ``uv.lock`` without Docker."""

    def __init__(
        self, scope: Construct, construct_id: str, *, assets: Assets, is_local: bool
    ) -> None:
        super().__init__(scope, construct_id)
        self.version = lambda_.LayerVersion(
            self,
            "Version",
            code=assets.code(LAYER_ZIP),
            description="Third-party packages of the billing functions, from uv.lock.",
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[architecture(is_local=is_local)],
        )
