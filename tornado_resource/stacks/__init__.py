"""What Pulumi has recorded of a stack: its config, state, lock and backend."""
