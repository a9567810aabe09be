"""Run the simulator: ``python -m local.payer_simulator --port N --world FILE``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click
import uvicorn
from pydantic import ValidationError

from local.payer_simulator.service import create_app
from local.payer_simulator.world import World, load_world


class _AnnouncingServer(uvicorn.Server):
    """A server that says on standard output when it listens."""

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            click.echo(f"payer simulator ready on http://{self.config.host}:{self.config.port}")
            sys.stdout.flush()


def _world(path: Path) -> World:
    try:
        return load_world(path)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "world"
        message = f"{path}: {place}: {first['msg']} ({error.error_count()} problem(s))"
        raise click.ClickException(message) from error


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), required=True, help="TCP port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--world",
    "world_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="The world file (JSON).",
)
@click.option(
    "--state-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A journal to resume from and to keep.",
)
def main(port: int, host: str, world_file: Path, state_file: Path | None) -> None:
    """Simulate a clearinghouse and its payers over HTTP."""
    app = create_app(_world(world_file), state_file)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="critical",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    asyncio.run(_AnnouncingServer(config).serve())


if __name__ == "__main__":
    main()
