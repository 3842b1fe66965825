"""From `sessions.yaml` to the declarations of one environment."""
