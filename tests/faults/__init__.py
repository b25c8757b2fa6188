"""What BMW's faults do to the integration: how they are played, looked at, put into words and kept in a document."""
