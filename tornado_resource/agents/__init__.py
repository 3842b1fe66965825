"""Check runs of agents: their resource and their provider."""
