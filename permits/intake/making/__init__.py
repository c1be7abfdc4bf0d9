"""What is made of a file that passed inspection, one module for each kind."""
