"""The table and the diagram of rooms follow the import contracts."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from docs.tools import rooms

PYPROJECT = """
[[tool.importlinter.contracts]]
name = "Rooms"
type = "layers"
containers = ["takedown_cli"]
layers = ["cli", "(testing)", "client | intake : hashing", "core"]

[[tool.importlinter.contracts]]
name = "One network door"
type = "protected"
protected_modules = ["httpx"]
allowed_importers = ["takedown_cli.client.transport"]

[[tool.importlinter.contracts]]
name = "The nouns are light"
type = "forbidden"
source_modules = ["takedown_cli.core.model"]
forbidden_modules = ["numpy"]
"""


@pytest.fixture
def contracts(tmp_path: Path) -> rooms.Contracts:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    return rooms.read_contracts(tmp_path / "pyproject.toml")


def test_layers_are_read_from_the_top_down(contracts: rooms.Contracts) -> None:
    assert contracts.layers == {"takedown_cli": [["cli"], ["testing"], ["client", "intake", "hashing"], ["core"]]}


def test_the_table_numbers_the_layers(contracts: rooms.Contracts) -> None:
    page = rooms.rooms_page(contracts)
    assert "| 1 | `cli` |" in page
    assert "| 3 | `client` |" in page
    assert "| 3 | `intake` |" in page
    assert "| `httpx` | `takedown_cli.client.transport` |" in page
    assert "### The nouns are light" in page


def test_rooms_of_one_layer_stand_side_by_side(contracts: rooms.Contracts) -> None:
    drawing = ElementTree.fromstring(rooms.draw_diagram(contracts))
    heights = {text.text: text.get("y") for text in drawing.iter("{http://www.w3.org/2000/svg}text")}
    assert heights["client"] == heights["intake"] == heights["hashing"]
    assert int(heights["cli"] or 0) < int(heights["testing"] or 0) < int(heights["client"] or 0)


def test_a_room_without_a_purpose_is_an_error(contracts: rooms.Contracts) -> None:
    contracts.layers["takedown_cli"].append(["attic"])
    with pytest.raises(ValueError, match="attic"):
        rooms.rooms_page(contracts)
