"""Tornado sessions: their resource and their provider."""
