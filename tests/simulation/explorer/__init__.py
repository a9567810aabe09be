"""A crash explorer for code that calls AWS and HTTP: every call is a place where something may go wrong.

See the README beside this folder.
"""

from tests.simulation.explorer.explore import (
    Explored,
    Schedule,
    Stage,
    Tally,
    explore,
    replay,
    wander,
)
from tests.simulation.explorer.faults import (
    AT_EVERY_CALL,
    Call,
    Crash,
    Effect,
    Fault,
    Killed,
)
from tests.simulation.explorer.process import (
    NotRepeatableError,
    at_call,
    consult,
    running,
    sleep,
)
from tests.simulation.explorer.run import Budget, Decision, Passed, Run, World

__all__ = [
    "AT_EVERY_CALL",
    "Budget",
    "Call",
    "Crash",
    "Decision",
    "Effect",
    "Explored",
    "Fault",
    "Killed",
    "NotRepeatableError",
    "Passed",
    "Run",
    "Schedule",
    "Stage",
    "Tally",
    "World",
    "at_call",
    "consult",
    "explore",
    "replay",
    "running",
    "sleep",
    "wander",
]
