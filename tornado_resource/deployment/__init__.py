"""`deploy()` as one page, and its parts: promote, declare, wait, judge, publish."""
