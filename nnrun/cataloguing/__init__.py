"""Writing the catalogue of components that configs are checked against."""
