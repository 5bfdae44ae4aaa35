"""What a command group is made of: commands that take an object, and a group that has a command of its own."""

from __future__ import annotations

import inspect
from copy import copy
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, get_type_hints

from typer.core import TyperGroup

if TYPE_CHECKING:
    from collections.abc import Callable

    import typer

_Asked = TypeVar("_Asked")


def takes(asked: type[_Asked]) -> Callable[[Callable[[_Asked], None]], Callable[..., None]]:
    """Make a command of a function of one argument: a dataclass whose fields are its options, its own before inherited.

    A field without a default is an option that must be given.
    """
    hints = get_type_hints(asked, include_extras=True)
    parameters = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in sorted(fields(asked), key=lambda field: field.name not in asked.__annotations__)  # type: ignore[arg-type]  # a dataclass, as is said above
    ]

    def decorate(function: Callable[[_Asked], None]) -> Callable[..., None]:
        def command(**given: Any) -> None:
            function(asked(**given))

        command.__name__, command.__doc__ = function.__name__, function.__doc__
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # PEP 362
        return command

    return decorate


class DefaultGroup(TyperGroup):
    """A group that runs its command `default` unless the first word names another one.

    A path that is called like a command is told apart by its first word: `./diff`.
    """

    default: ClassVar[str]

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # typer's own
        """Put the default's name before arguments that name no command; only `--help` alone is the group's."""
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
