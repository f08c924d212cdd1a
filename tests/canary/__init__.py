"""Every scenario with secrets in every place, and a search through all that was made."""
