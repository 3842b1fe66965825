"""What may go on to the next stack, and what is published and proved."""
