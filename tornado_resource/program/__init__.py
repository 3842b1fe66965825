"""Inside a Pulumi program: sessions and releases as resources, verdicts as outputs, the gate."""
