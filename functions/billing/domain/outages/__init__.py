"""When something we depend on is out of reach: know it once, wait, and come back without a stampede.

A dependency has a name of two parts, its family and which of it: `eligibility:BLUEPEAK`, `clearinghouse:stedi`.

A step that calls one uses its circuit (`usecases.outages.Breaker`):

1. `breaker.admit()` before the call. *Refused*: do not call; hold what was to be done by giving its record
   `due_kind = held_kind(dependency)` and, as `due_at`, when it is needed, so that the most urgent goes first.
   *Go* and *probe*: call.
2. `breaker.succeeded()` after an answer, of whatever content; `breaker.failed(why)` after silence.

The family's sweep (`usecases.outages.released`), run by the clock, lets one held thing go when a probe is due, and
after recovery all of them, in rounds that begin small and grow. What it lets go passes `admit` like everything else.
"""
