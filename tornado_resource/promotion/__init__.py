"""From what passed in one environment to what another one tests and publishes. Pure."""
