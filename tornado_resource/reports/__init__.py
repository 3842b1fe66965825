"""From verdicts to reports: console, JUnit, JSON, Markdown, GitHub Actions, HTML."""
