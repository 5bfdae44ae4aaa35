"""Commands that take a dataclass of options, the root group, and a group that runs a command by default."""

from __future__ import annotations

import inspect
from copy import copy
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, get_type_hints

from typer.core import TyperGroup

from pipelines_client.cli.leaving import explained

if TYPE_CHECKING:
    from collections.abc import Callable

    import typer

_Options = TypeVar("_Options")


def takes(options: type[_Options]) -> Callable[[Callable[[_Options], None]], Callable[..., None]]:
    """Make a command of a function with one argument: a dataclass whose fields are the command's options.

    Its fields come before those that it inherits. A field without a default is an option that must be given.
    """
    hints = get_type_hints(options, include_extras=True)
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


class RootGroup(TyperGroup):
    """The group of all commands: whatever stops one of them ends in one line and an exit code."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # typer's own
        """Run the command."""
        with explained():
            return super().invoke(ctx)


class DefaultGroup(TyperGroup):
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
