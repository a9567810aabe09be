"""Where built assets are, or an empty stand-in when a synthesis needs none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aws_cdk import aws_lambda as lambda_

_PLACEHOLDER = Path(__file__).with_name("placeholder_asset")


class MissingAssetError(FileNotFoundError):
    """The assets have not been built."""


@dataclass(frozen=True, slots=True)
class Assets:
    """The built zips of one stage.

    Attributes
    ----------
    folder
        Where ``infra.build_assets`` put them; ``None`` gives an empty placeholder, so that a
        synthesis in a test needs neither a build nor the network.
    """

    folder: Path | None

    def code(self, name: str) -> lambda_.Code:
        """Return the code of one zip.

        Raises
        ------
        MissingAssetError
            When the zip is not there.
        """
        if self.folder is None:
            return lambda_.Code.from_asset(str(_PLACEHOLDER))
        archive = self.folder / name
        if not archive.is_file():
            message = (
                f"{archive} is missing: run python -m infra.build_assets {self.folder.name}, "
                "or synthesize with -c assets=placeholder."
            )
            raise MissingAssetError(message)
        return lambda_.Code.from_asset(str(archive))
