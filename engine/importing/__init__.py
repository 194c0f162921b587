"""Real data that a person has downloaded, as plants that can be played, with where they are from and their licence."""
