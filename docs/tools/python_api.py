"""The page of the Python API: its names with what they take, return and raise, and the values that they return."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any, Final, get_args

from pydantic import BaseModel

from docs.tools.pages import markdown_table
from takedown_cli import api
from takedown_cli.api import bundle
from takedown_cli.api.run import Outcomes
from takedown_cli.core import errors, model
from takedown_cli.hashing import matching
from takedown_cli.helpline import case
from takedown_cli.protocol import lists, wire
from takedown_cli.protocol.bundle import document, export

#: The order of the page: what one starts with comes first.
_ORDER: Final = (
    "hash_paths", "Outcome", "Hashed", "Skipped", "Failed", "Progress", "Recipe", "Bundle", "CaseNumber", "HashList",
    "Intake", "errors",
)  # fmt: skip
#: What the names above return. They come with them and are not imported by a program.
_VALUES: Final[tuple[type, ...]] = (
    Outcomes, model.Fingerprint, model.Limits, document.Item, document.BundleFingerprint, export.Exported,
    matching.Verdict, matching.Match, matching.Listed, wire.Receipt, wire.CaseStatus, wire.ItemStatus,
    wire.PlatformAnswer, wire.IntakeCard,
)  # fmt: skip
#: Names of texts that a document checks more exactly.
_TEXTS: Final = {"Hex16", "Hex32", "KeyId", "Day", "Origin", "PlatformName", "Label"}
_REQUIRED: Final = ""
#: Words that a parameter or field may have.
_WORDS: Final = {
    "Age": wire.Age, "Authority": case.Authority, "Behalf": case.Behalf, "Copies": wire.Copies,
    "Format": bundle.Format, "ListName": lists.ListName, "MediaKind": wire.MediaKind,
}  # fmt: skip
#: Methods of public classes that are for the program itself.
_INTERNAL: Final = {"of_items", "symbols", "lookup_id", "signing_key", "journal_key", "nonce_for", "bundle_key",
                    "may_be_meant", "as_version_1", "TYPE"}  # fmt: skip

_OPENING: Final = """# The Python API

```python
from takedown_cli.api import Bundle, Intake, hash_paths
```

These names are public, with the fields and methods on this page, and so is `takedown_cli.testing`.
Everything else in the package may change at any time.
[Use takedown from Python](../how-to/use-from-python.md) has a first program, and says what stays as it is.

All values are typed: check your program with mypy or pyright.
Importing loads no decoder and no network library; each is loaded when it is first needed.
"""


def python_api_page() -> str:
    """Return the page. Raise ValueError if a public name has no place on it."""
    if {*_ORDER} != {*api.__all__}:
        raise ValueError("the order of the page lacks a public name, or has one too many")
    parts = [_OPENING]
    for name in _ORDER:
        parts += _section(name, getattr(api, name), "##")
    parts.append("\n## Values that come with them\n")
    for value in _VALUES:
        parts += _section(value.__name__, value, "###")
    parts.append("\n## Words\n\nWhere a name of a type below stands, one of these words is meant.\n\n")
    rows = [(f"`{name}`", ", ".join(f"`{word}`" for word in _words(kind))) for name, kind in _WORDS.items()]
    parts.append(markdown_table(("type", "words"), rows))
    parts.append(
        "\n`Media` is `image` or `video`.\n`Reason` is one of the [outcomes](outcomes.md), and its `sentence` says it "
        "to people.\n`StrPath` is text or anything that is a path, such as `pathlib.Path`.\n"
    )
    return "".join(parts)


def _words(kind: Any) -> Iterator[str]:
    """Yield the words of a literal type, or of a union of them."""
    for one in get_args(kind):
        if isinstance(one, str):
            yield one
        else:
            yield from _words(one)


def _section(name: str, value: Any, level: str) -> Iterator[str]:
    yield f"\n{level} `{name}`\n\n"
    if name == "errors":
        yield from _error_tree()
    elif name == "Outcome":
        yield "`Hashed | Skipped | Failed`: what became of one file.\n"
    elif inspect.isclass(value):
        yield from _class(value)
    else:
        yield _code(_signature(value, name)) + _prose(value)


def _class(value: type) -> Iterator[str]:
    constructor = vars(value).get("__init__") if not dataclasses.is_dataclass(value) else None
    if constructor is not None and value not in _VALUES and value is not matching.HashList:
        yield _code(_signature(constructor, value.__name__))
    yield _prose(value)
    rows = [
        (f"`{name}`", _cell(_plain(kind)), _cell(default) if default else "") for name, kind, default in _fields(value)
    ]
    if rows:
        yield "\n" + markdown_table(("field", "type", "default"), rows)
    for name, member in vars(value).items():
        if name.startswith("_") or name in _INTERNAL:
            continue
        if isinstance(member, property):
            yield f"\n**`{name}`**: `{_returned(member.fget)}`. {_prose(member)}"
        elif isinstance(member, classmethod | staticmethod):
            yield "\n" + _code(_signature(member.__func__, f"{value.__name__}.{name}")) + _prose(member.__func__)
        elif inspect.isfunction(member):
            instance = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", value.__name__).lower()
            yield "\n" + _code(_signature(member, f"{instance}.{name}")) + _prose(member)


def _fields(value: type) -> Iterator[tuple[str, str, str]]:
    """Yield the public fields of a dataclass or a document: name, type as it is written, default."""
    if dataclasses.is_dataclass(value):
        defaults = {field.name: _default(field) for field in dataclasses.fields(value)}
    elif issubclass(value, BaseModel):
        known = value.model_fields.items()
        defaults = {name: _REQUIRED if field.is_required() else repr(field.default) for name, field in known}
        defaults = {name: default for name, default in defaults.items() if name not in {"schema_", "version"}}
    else:
        return
    for cls in reversed(value.__mro__):
        for name, kind in vars(cls).get("__annotations__", {}).items():
            if name in defaults and name not in _INTERNAL and not name.startswith("_"):
                yield name, kind, defaults[name]


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default_factory is not dataclasses.MISSING:
        made = field.default_factory()
        inside = ", ".join(map(repr, sorted(made))) if isinstance(made, frozenset) else ""
        return f"{type(made).__name__}({f'{{{inside}}}' if inside else ''})"
    return _REQUIRED if field.default is dataclasses.MISSING else repr(field.default)


def _plain(kind: str) -> str:
    """Return a type without what only a check of documents needs: ``Annotated[int, …]`` is ``int``, a day is text."""

    class Plain(ast.NodeTransformer):
        def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
            if ast.unparse(node.value) == "Annotated" and isinstance(node.slice, ast.Tuple):
                return self.visit(node.slice.elts[0])  # type: ignore[no-any-return]
            return self.generic_visit(node)

        def visit_Name(self, node: ast.Name) -> ast.AST:
            return ast.Name("str") if node.id in _TEXTS else node

    return ast.unparse(Plain().visit(ast.parse(kind, mode="eval")))


def _cell(code: str) -> str:
    return f"`{code}`".replace("|", "\\|")


def _definition(function: Callable[..., Any]) -> ast.FunctionDef:
    (found,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(found, ast.FunctionDef)
    return found


def _signature(function: Callable[..., Any], name: str) -> str:
    """Return the call as it is typed, one parameter a line where it is long."""
    definition = _definition(function)
    takes = definition.args
    takes.args = [each for each in takes.args if each.arg not in {"self", "cls"}]
    given = _spaced(takes)
    back = f" -> {ast.unparse(definition.returns)}" if definition.returns and definition.name != "__init__" else ""
    whole = f"{name}({given}){back}"
    if len(whole) <= 100:
        return whole
    parameters = [_spaced(part) for part in _one_by_one(takes)]
    return f"{name}(\n" + "".join(f"    {parameter},\n" for parameter in parameters) + f"){back}"


def _spaced(takes: ast.arguments) -> str:
    """Return the parameters with spaces around a default, as they are written beside a type."""
    return re.sub(r"(?<! )=(?! )", " = ", ast.unparse(takes))


def _one_by_one(takes: ast.arguments) -> Iterator[ast.arguments]:
    """Yield each parameter as arguments of its own, so that its default stays with it."""
    without = len(takes.args) - len(takes.defaults)
    for place, each in enumerate(takes.args):
        default = [takes.defaults[place - without]] if place >= without else []
        yield ast.arguments([], [each], None, [], [], None, default)
    if takes.kwonlyargs:
        yield ast.arguments([], [ast.arg("*")], None, [], [], None, [])
    for each, given in zip(takes.kwonlyargs, takes.kw_defaults, strict=True):
        yield ast.arguments([], [each], None, [], [], None, [given] if given is not None else [])


def _returned(function: Callable[..., Any] | None) -> str:
    assert function is not None
    returns = _definition(function).returns
    return "" if returns is None else ast.unparse(returns)


def _code(text: str) -> str:
    return f"```python\n{text}\n```\n\n"


def _prose(value: Any) -> str:
    """Return a docstring as Markdown, a paragraph a line."""
    text = inspect.getdoc(value) or ""
    paragraphs = (" ".join(paragraph.split()) for paragraph in text.replace("``", "`").split("\n\n"))
    return "\n\n".join(paragraphs) + "\n"


def _error_tree() -> Iterator[str]:
    yield (
        "The module of errors: `errors.TakedownError` is the base of all of them.\n"
        "Each has `id`, `exit_code` (that of the command), `sentence` (what happened) and `hint` (what to do next).\n"
        "None holds a path, a hash or a case number, so an error can be shown and logged as it is.\n\n"
    )
    rows = []
    for error in errors.every_error():
        if not error.__name__.startswith("_"):
            parents = [f"`{parent.__name__}`" for parent in error.__mro__[1:2] if parent is not Exception]
            rows.append((f"`{error.__name__}`", "".join(parents), f"`{error.id}`", error.sentence))
    yield markdown_table(("error", "is a", "id", "what happened"), rows)
