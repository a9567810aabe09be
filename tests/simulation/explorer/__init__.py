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
    Abandoned,
    Call,
    Crash,
    Effect,
    Fault,
    Killed,
)
from tests.simulation.explorer.run import Budget, Decision, Passed, Run, World, at_call

__all__ = [
    "AT_EVERY_CALL",
    "Abandoned",
    "Budget",
    "Call",
    "Crash",
    "Decision",
    "Effect",
    "Explored",
    "Fault",
    "Killed",
    "Passed",
    "Run",
    "Schedule",
    "Stage",
    "Tally",
    "World",
    "at_call",
    "explore",
    "replay",
    "wander",
]
