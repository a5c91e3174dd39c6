"""Groups of options: written out for Typer, read once, and handed to the command as one value each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

import pytest
import typer
from typer.core import TyperCommand
from typer.main import get_command

from takedown_cli.cli.typer_glue.options import OptionGroup, titles_of, with_options


@dataclass(frozen=True)
class Size:
    width: int
    unit: str


READ: list[str] = []


def _read_unit(unit: Annotated[str, typer.Option("--unit")] = "mm") -> str:
    READ.append("unit")
    return unit


def _read_size(
    width: Annotated[int, typer.Option("--width")] = 3, *, unit: Annotated[str, OptionGroup(_read_unit, "Units")]
) -> Size:
    READ.append("size")
    return Size(width, unit)


def _read_common(loud: Annotated[bool, typer.Option("--loud")] = False) -> None:
    READ.append("loud" if loud else "quiet")


def _paint(name: str, size: Annotated[Size, OptionGroup(_read_size, "Size")]) -> None:
    """Paint it."""
    print(name, size)  # noqa: T201 - the result of the command


def _painter() -> TyperCommand:
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.command()(with_options(_paint, OptionGroup(_read_common, "Every command")))
    return cast("TyperCommand", get_command(app))


def test_a_group_inside_a_group_arrives_as_one_value(capsys: pytest.CaptureFixture[str]) -> None:
    READ.clear()
    _painter().main(["door", "--width", "7", "--unit", "cm", "--loud"], standalone_mode=False)
    assert capsys.readouterr().out == "door Size(width=7, unit='cm')\n"
    assert READ == ["loud", "unit", "size"], "the common options first, and each group once"


def test_defaults_hold_and_the_help_names_the_options() -> None:
    command = _painter()
    assert [option for parameter in command.params for option in parameter.opts] == [
        "name", "--width", "--unit", "--loud",
    ]  # fmt: skip
    assert titles_of(command.callback) == {
        "name": "Options", "width": "Size", "unit": "Units", "loud": "Every command",
    }  # fmt: skip
    assert command.help == "Paint it."


def test_a_hidden_group_works_and_is_not_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    def paint(size: Annotated[Size, OptionGroup(_read_size, hidden=True)]) -> None:
        print(size)  # noqa: T201

    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.command()(with_options(paint, OptionGroup(_read_common)))
    command = get_command(app)
    command.main(["--width", "9"], standalone_mode=False)
    assert "width=9" in capsys.readouterr().out
    assert [parameter.name for parameter in command.params if getattr(parameter, "hidden", False)] == ["width"]
