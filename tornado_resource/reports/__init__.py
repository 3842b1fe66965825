"""From verdicts to files and lines that pipelines and people read."""
