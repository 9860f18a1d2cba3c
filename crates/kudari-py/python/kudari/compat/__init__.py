"""Other frameworks' names over kudari."""
