"""A run from order to verdict: start, recover, wait, judge. It knows nothing of Pulumi."""
