"""What every resource in a Pulumi program shares: config, one client, what is known, the traps of the SDK."""
