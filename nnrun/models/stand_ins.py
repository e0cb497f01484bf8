"""Placeholders for text layers during training; the text has been encoded before."""

import dataclasses

from nnrun.config.components import Component, snake_case
from nnrun.config.outline import Outline
from nnrun.config.text_layers import reads_text, text_nodes


def stand_in(layer: Component) -> Component:
    """A placeholder for a text layer during training, which passes on the encoded text.

    A layer of any other kind stands for itself.
    """
    if not reads_text(layer):
        return layer
    name = layer.arguments.get("name") or snake_case(layer.name)
    return dataclasses.replace(layer, name="Identity", arguments={"name": name})


def classes_of_stand_ins(outline: Outline) -> dict[str, str]:
    """The classes of text layers by the names of their placeholders."""
    return {
        name if outline.names_nodes else stand_in(layer).arguments["name"]: layer.name
        for name, (_, layer) in text_nodes(outline).items()
    }
