"""What every other part may use: time, text, durations, positions in files, durable files."""
