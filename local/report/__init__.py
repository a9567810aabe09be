"""What a run has to say, for people: on the terminal and as a page."""
