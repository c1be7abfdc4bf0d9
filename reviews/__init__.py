"""What is decided, by whom, provably."""
