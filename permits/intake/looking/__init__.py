"""What an uploaded file is and what is in it: which kind (``kinds``), and then one module for each kind."""
