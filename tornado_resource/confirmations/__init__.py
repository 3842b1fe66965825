"""Confirmations of sessions that passed: their resource and their provider."""
