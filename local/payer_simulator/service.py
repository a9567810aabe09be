"""The simulator as an HTTP service: waits, holds and cuts as the replies ask."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.routing import Route

from local.payer_simulator.api import Api, Reply, Request

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from local.payer_simulator.world import World

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Journal:
    """Every request that may change something, one JSON line each.

    The simulator has no clock and no chance in it, so playing the journal again brings back
    the same state.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def replay(self, api: Api) -> int:
        """Play what was written before; return how many requests that were."""
        if not self._path.exists():
            return 0
        lines = self._path.read_text(encoding="utf-8").splitlines()
        for line in lines:
            kept = json.loads(line)
            reply = api.handle(
                Request(
                    kept["method"], kept["path"], {}, kept["headers"],
                    base64.b64decode(kept["body"]),
                )
            )  # fmt: skip
            if reply.finish is not None:
                reply.finish()
        return len(lines)

    def write(self, request: Request) -> None:
        """Append a request; reads are not kept."""
        if request.method == "GET":
            return
        kept = {
            "method": request.method,
            "path": request.path,
            "headers": {
                name: value
                for name, value in request.headers.items()
                if name in {"authorization", "idempotency-key"}
            },
            "body": base64.b64encode(request.body).decode(),
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(kept) + "\n")


class _Endpoint:
    """One ASGI endpoint for every path."""

    def __init__(self, api: Api, journal: Journal | None) -> None:
        self._api = api
        self._journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = HttpRequest(scope, receive)
        request = Request(
            method=http.method,
            path=http.url.path,
            query=dict(http.query_params),
            headers={name.lower(): value for name, value in http.headers.items()},
            body=await http.body(),
        )
        if self._journal is not None:
            self._journal.write(request)
        reply = self._api.handle(request)
        gone = await _wait(reply, receive)
        if reply.finish is not None:
            reply.finish()
        if not gone:
            await _send(reply, send)


async def _wait(reply: Reply, receive: Receive) -> bool:
    """Wait as long as the reply says; True when the client hung up meanwhile."""
    if not reply.seconds:
        return False
    if not reply.until_gone:
        await asyncio.sleep(reply.seconds)
        return False
    try:
        async with asyncio.timeout(reply.seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


async def _send(reply: Reply, send: Send) -> None:
    headers = {
        "content-type": reply.media_type,
        "content-length": str(len(reply.body)),
        **reply.headers,
    }
    await send(
        {
            "type": "http.response.start",
            "status": reply.status,
            "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
        }
    )
    if reply.cut:
        # Ending the response short of its length makes the server close the connection.
        half = reply.body[: len(reply.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        return
    await send({"type": "http.response.body", "body": reply.body})


def create_app(world: World, state_file: Path | None = None) -> Starlette:
    """Build the ASGI application.

    Parameters
    ----------
    world
        What is simulated.
    state_file
        A journal; when it exists, its requests are played again first.
    """
    api = Api(world)
    journal = Journal(state_file) if state_file else None
    if journal is not None:
        journal.replay(api)
    endpoint = _Endpoint(api, journal)
    return Starlette(routes=[Route("/{path:path}", endpoint, methods=_METHODS)])
