"""What is on its way in the local cloud: one question, which the emulator answers when there is less of it.

Asking SQS after every inbox and Step Functions after every workflow, several times a second, takes both sides more
time than the work that is waited for.
"""

import json
import urllib.request
from collections.abc import Collection

MOTION_PATH = "/_local/motion"
_SLACK_SECONDS = 30


def in_motion(
    endpoint: str, queues: Collection[str], *, calm: int, seconds: float
) -> tuple[int, int]:
    """How many messages the queues hold, and how many executions run.

    Answered as soon as both together are at most `calm`, or after so many seconds.
    """
    asked = {"queues": list(queues), "calm": calm, "seconds": seconds}
    request = urllib.request.Request(  # noqa: S310 - loopback only
        endpoint + MOTION_PATH, data=json.dumps(asked).encode()
    )
    with urllib.request.urlopen(request, timeout=seconds + _SLACK_SECONDS) as answer:  # noqa: S310
        waiting, running = json.load(answer)
    return waiting, running
