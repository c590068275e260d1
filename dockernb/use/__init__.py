"""What is done with an image once it is built: run it, try things in it, send it away, keep it."""
