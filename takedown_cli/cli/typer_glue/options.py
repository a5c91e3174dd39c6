"""Groups of options that several commands share, written out in each command's signature for Typer to read."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args, get_origin

from typer.models import OptionInfo

_TITLES: Final = "takedown_titles"


@dataclass(frozen=True, slots=True)
class OptionGroup:
    """Marks a parameter that stands for several options, which are the parameters of ``read``.

    ``job: Annotated[HashingJob, OptionGroup(read_job, "Hashing")]`` gives a command all options of ``read_job``, under
    that title in its help. The command receives what ``read_job`` returns. ``read`` may have groups of its own.
    """

    read: Callable[..., Any]
    title: str = "Options"
    hidden: bool = False


class _Expanded:
    """A function with the options of its groups in place of the groups."""

    def __init__(self, group: OptionGroup) -> None:
        self._read = group.read
        self._own: list[str] = []
        self._groups: dict[str, _Expanded] = {}
        self.parameters: list[inspect.Parameter] = []
        self.titles: dict[str, str] = {}
        for parameter in inspect.signature(group.read, eval_str=True).parameters.values():
            marks = get_args(parameter.annotation)[1:] if get_origin(parameter.annotation) is Annotated else ()
            inner_group = next((mark for mark in marks if isinstance(mark, OptionGroup)), None)
            if inner_group is not None:
                inner = self._groups[parameter.name] = _Expanded(inner_group)
                self.parameters += inner.parameters
                self.titles |= inner.titles
            else:
                self._own.append(parameter.name)
                self.titles[parameter.name] = group.title
                self.parameters.append(_hide_option(parameter) if group.hidden else parameter)

    def call(self, values: Mapping[str, Any]) -> Any:
        """Call the function with the ``values`` typed for its options, each group as one value."""
        own = {name: values[name] for name in self._own}
        return self._read(**own, **{name: inner.call(values) for name, inner in self._groups.items()})


def _hide_option(parameter: inspect.Parameter) -> inspect.Parameter:
    kind, *marks = get_args(parameter.annotation)
    option = copy(next(mark for mark in marks if isinstance(mark, OptionInfo)))
    option.hidden = True
    return parameter.replace(annotation=Annotated[kind, option])


def with_options(function: Callable[..., object], common: OptionGroup) -> Callable[..., object]:
    """Return ``function`` as Typer can read it: with the options of its groups, and those of ``common`` after them.

    The common options are read first: what reads the other groups may depend on them.
    """
    command, shared = _Expanded(OptionGroup(function)), _Expanded(common)

    def with_common_options(**values: Any) -> object:
        shared.call(values)
        return command.call(values)

    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in command.parameters + shared.parameters]
    setattr(with_common_options, "__signature__", inspect.Signature(parameters))  # noqa: B010 - no attribute for mypy
    setattr(with_common_options, _TITLES, command.titles | shared.titles)
    with_common_options.__annotations__ = {each.name: each.annotation for each in parameters}
    with_common_options.__name__, with_common_options.__doc__ = function.__name__, function.__doc__
    return with_common_options


def titles_of(callback: Callable[..., object] | None) -> dict[str, str]:
    """Return the title in the help for each parameter of a command that ``with_options`` made, by name."""
    titles: dict[str, str] = getattr(callback, _TITLES, {})
    return titles
