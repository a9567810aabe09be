"""Imported first by every handler: the garbage collector rests while modules load.

Loading allocates hundreds of thousands of objects that will live as long as the function, and the collector would
walk them again and again. `finish` puts them out of its sight and wakes it.
"""

import gc

gc.disable()


def finish() -> None:
    """Everything loaded so far is permanent; collect normally from now on."""
    gc.freeze()
    gc.enable()
