//! What is held back until somebody accepts it.
