"""Files made ready for a model: recognised, checked, shrunk, stripped."""
