"""The Bland API as far as tornado sessions need it."""
