"""From started sessions to verdicts."""
