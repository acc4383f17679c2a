"""What the api tells workers through Redis."""
