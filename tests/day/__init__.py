"""A day in the life of five cars behind CarData: how it passes, what is true in the end, and the document about it."""
