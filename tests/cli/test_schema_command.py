"""`nnrun schema`: what editors read."""

import json
from collections.abc import Callable
from typing import Any


def test_the_schema_is_json_that_knows_the_sections(nnrun: Callable[..., Any]) -> None:
    done = nnrun("schema")
    assert (done.code, done.err) == (0, "")
    schema = json.loads(done.out)
    assert {"dataset", "architecture", "optimizer", "training"} <= set(schema["properties"])
    assert "$schema" in schema
