# SPDX-License-Identifier: Apache-2.0
"""Waits for a level, with a bound that only a fault reaches.

What is waited for is asked again and again, so that it does not matter when it came about. Nothing
here waits for time to pass and hopes.
"""
import time

# The first question is asked again soon, later ones less and less often: asking costs the host time too.
POLL_SECONDS, POLL_SECONDS_MAX = 0.02, 0.25


def until(holds, seconds, what):
    """Returns the first true value of holds(). AssertionError, naming `what`, when there is none in
    `seconds`; `what` may be a function, for a text that says how things stood at the end."""
    deadline = time.monotonic() + seconds
    pause = POLL_SECONDS
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(pause)
        pause = min(pause * 1.2, POLL_SECONDS_MAX)
