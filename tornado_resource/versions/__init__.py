"""What a version of a pathway holds, and the scenarios that test it: read, compared, drifted."""
