"""The life of one session: start, adopt, compare, recover, cancel. It knows nothing of Pulumi."""
