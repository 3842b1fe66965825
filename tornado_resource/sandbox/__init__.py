"""A stand-in for the Bland API: a real HTTP server, strict about what is documented, on this machine only.

It shares no code with the client, so that a mistake in one cannot hide in the other.
"""

from typing import Final

MIN_SPEED: Final = 0.001
"""How many times faster than real time sessions may run: so slow that they hardly go on."""
MAX_SPEED: Final = 1_000_000
