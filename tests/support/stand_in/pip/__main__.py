"""Stands in for pip where Pulumi asks it for plugins before each operation: there are none, and that is quick to say.

The tests of `make package` and those of `make demo` run the real one.
"""

print("[]")
