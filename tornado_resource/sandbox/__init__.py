"""A stand-in for the Bland API: a real HTTP server, strict about what is documented, on this machine only.

It shares no code with the client, so that a mistake in one cannot hide in the other.
"""
