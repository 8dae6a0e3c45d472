"""tests/lib/patience.py: how tests wait. A wait ends the moment its condition holds, so its deadline costs time only where something is
broken; it is long enough for a machine that is busy with much else.

    found = until("the padlock", lambda: net.browse(name)[0] == 200)
"""
import http.client
import time

PATIENCE = 60


def until(what, condition, seconds=PATIENCE, pause=0.1):
    """Waits for a condition and gives back what made it true. That nobody answers yet, or breaks off half way, counts as not yet."""
    deadline = time.monotonic() + seconds
    while True:
        told = None
        try:
            told = condition()
            if told:
                return told
        except (OSError, http.client.HTTPException) as e:
            told = e
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}{f' ({told!r})' if isinstance(told, Exception) else ''}"
        time.sleep(pause)
