"""`nnrun schema`: the config language for editors."""

import typer

from nnrun.json_text import json_text


def schema_cli() -> None:
    """Print the JSON Schema of configs, for editors.

    \b
    Example:
      $ nnrun schema > nnrun.schema.json
    Then begin a config with:
      # yaml-language-server: $schema=nnrun.schema.json
    """
    from nnrun.config.catalogue import load_catalogue
    from nnrun.config.json_schema import build_schema

    typer.echo(json_text(build_schema(load_catalogue())), nl=False)
