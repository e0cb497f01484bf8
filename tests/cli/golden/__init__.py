"""Wrong configs, and what the command says about each."""
