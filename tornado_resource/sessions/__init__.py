"""What create, diff, update, read and delete mean for a tornado session, in plain values and without Pulumi."""
