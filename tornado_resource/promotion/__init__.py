"""From what passed in one stack to the versions that another stack tests. Pure."""
