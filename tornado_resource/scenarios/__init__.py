"""Scenarios as code: their definitions, compared by content with what the API shows."""
