"""Commands that take a dataclass of options, groups that import a command when it runs, and groups with a default."""

from __future__ import annotations

import inspect
from copy import copy
from dataclasses import MISSING, fields
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from collections.abc import Callable

_Options = TypeVar("_Options")


@cache
def hints_of(options: type[Any]) -> dict[str, Any]:
    """Return the types of a dataclass with their annotations; as texts they take a while to evaluate."""
    return get_type_hints(options, include_extras=True)


def takes(options: type[_Options]) -> Callable[[Callable[[_Options], None]], Callable[..., None]]:
    """Make a command of a function with one argument: a dataclass whose fields are the command's options.

    Its fields come before those that it inherits. A field without a default is an option that must be given.
    """
    hints = hints_of(options)  # type: ignore[arg-type]  # mypy takes no class for hashable
    parameters = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in sorted(fields(options), key=lambda field: field.name not in options.__annotations__)  # type: ignore[arg-type]  # a dataclass, so it has fields
    ]

    def decorate(function: Callable[[_Options], None]) -> Callable[..., None]:
        def command(**given: Any) -> None:
            function(options(**given))

        command.__name__, command.__doc__ = function.__name__, function.__doc__
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # PEP 362
        return command

    return decorate


class Later(TyperCommand):
    """A command whose file is imported when it runs; until then it is a line in the help of its group."""

    def __init__(self, name: str, place: str, first_paragraph: str) -> None:
        super().__init__(name, help=first_paragraph)
        self._name, self.place = name, place

    def load(self) -> Any:
        """Return the command: the function or group at its place, `module:name` below `pipelines_client.cli`."""
        module, _, name = self.place.partition(":")
        found = getattr(import_module(f"pipelines_client.cli.{module}"), name)
        app = typer.Typer(add_completion=False)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=self._name)
        else:
            app.command(self._name)(found)
        return typer.main.get_group(app).commands[self._name]


class LazyGroup(TyperGroup):
    """A group that imports some of its commands when they run: their packages cost more than most commands."""

    later: ClassVar[tuple[Later, ...]] = ()

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        for command in self.later:
            self.add_command(command)

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override]  # typer's own
        """Return the name of the command to run, the command and its arguments."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, Later) else command, rest


class DefaultGroup(LazyGroup):
    """A group that runs its command `default` unless the first word names another one.

    Write a path that is called like a command as `./diff`.
    """

    default: ClassVar[str]

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # typer's own
        """Put the default's name before arguments that do not begin with a command or `--help`."""
        if not args or args[0] not in {*self.commands, *ctx.help_option_names}:
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def format_help(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]  # typer's own
        """Show the default's text and options, and the other commands."""
        shown, default = copy(self), self.commands[self.default]
        shown.params, shown.help = default.params, default.help
        shown.commands = {name: command for name, command in self.commands.items() if name != self.default}
        shown.subcommand_metavar = "| COMMAND [ARGS]..."
        super(DefaultGroup, shown).format_help(ctx, formatter)
