"""Check configs of agents as code: created, updated, compared with what the API shows."""
