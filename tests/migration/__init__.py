"""Taking over what other integrations left behind of a car."""
