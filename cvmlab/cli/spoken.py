"""Commands whose help and mistakes are worded in the reader's language, from ``words/cli.csv``."""

from __future__ import annotations

import locale
import os
from collections.abc import Sequence
from typing import Any

import click

from cvmlab.core.words import LANGUAGES, Language, check_language, keys, language, say, speaking, term

from .terminal import show

# what click says itself, by the key of our word for it
_OF_CLICK = {
    "usage": "Usage:", "options": "Options:", "commands": "Commands:", "any_options": "[OPTIONS]",
    "default": "[default:", "command_and_rest": "COMMAND [ARGS]...", "show_help": "Show this message and exit.",
    "show_version": "Show the version and exit.",
}  # fmt: skip


def default_language() -> Language:
    """Return the language of the group of commands, of ``CVMLAB_LANGUAGE`` or of the machine; otherwise English."""
    context = click.get_current_context(silent=True)
    chosen = (context and context.find_root().obj) or os.environ.get("CVMLAB_LANGUAGE", "")
    if chosen in LANGUAGES:
        return check_language(chosen)
    spoken = locale.getlocale()[0] or ""
    return "zh" if spoken.lower().startswith(("zh", "chinese")) else "en"


def speak_from_here(context: click.Context, _: click.Parameter, value: str | None) -> None:
    """Let the commands of a group speak the language that was given before their names."""
    context.obj = value


def _asked_for(words: Sequence[str]) -> Language:
    """Return the language that a command line asks for, wherever ``--language`` stands in it."""
    for position, word in enumerate(words):
        name, _, value = word.partition("=")
        if name == "--language":
            value = value or "".join(words[position + 1 : position + 2])
            return check_language(value) if value in LANGUAGES else default_language()
    return default_language()


class _Mistake(click.UsageError):
    """A wrong option or argument, in the reader's language."""

    def __init__(self, mistake: click.UsageError) -> None:
        super().__init__(_sentence(mistake), mistake.ctx)
        self.spoken = language()

    def show(self, file: Any = None) -> None:
        with speaking(self.spoken):
            if self.ctx is not None:
                show(say("cli.try_help", command=self.ctx.command_path), to_error=True)
            show(say("cli.error", sentence=self.message), to_error=True)


def _sentence(mistake: click.UsageError) -> str:
    match mistake:
        case click.NoSuchOption():
            near = ", ".join(mistake.possibilities or ())
            return say(
                "cli.no_such_option_near" if near else "cli.no_such_option", option=mistake.option_name, near=near
            )
        case click.MissingParameter(param=click.Parameter() as parameter):
            return say("cli.no_argument", argument=(parameter.name or "").upper())
        case click.BadParameter(param=click.Parameter() as parameter):
            kinds = parameter.type.choices if isinstance(parameter.type, click.Choice) else ()
            name = max(parameter.opts, key=len)
            if kinds:
                return say("cli.bad_choice", option=name, choices=", ".join(map(str, kinds)))
            if isinstance(parameter.type, click.IntRange):
                bounds = {"minimum": parameter.type.min, "maximum": parameter.type.max}
                return say("cli.needs_whole", option=name, **bounds)
            if isinstance(parameter.type, click.types.FloatParamType):
                return say("cli.needs_number", option=name)
            return say("cli.bad_value", option=name, why=mistake.message)
        case click.BadOptionUsage():
            return say("cli.no_value", option=mistake.option_name)
    return mistake.message


class _Spoken(click.Command):
    """What a command and a group of commands have in common."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with speaking(_asked_for(args)):
            self._word_help()
            try:
                return super().parse_args(ctx, args)
            except click.UsageError as mistake:
                raise _Mistake(mistake) from mistake

    def _word_help(self) -> None:
        self.help = say(f"cli.help_{self.name}")
        for parameter in self.params:
            if not isinstance(parameter, click.Option):
                continue
            if f"cli.option_{parameter.name}" in keys():
                parameter.help = say(f"cli.option_{parameter.name}")
            elif f"report.role_{parameter.name}" in keys():
                parameter.help = say("cli.option_of_a_role", role=term(f"report.role_{parameter.name}"))

    def get_help(self, ctx: click.Context) -> str:
        text = super().get_help(ctx)
        for key, spoken in _OF_CLICK.items():
            text = text.replace(spoken, term(f"cli.click_{key}"))
        return text

    def get_short_help_str(self, limit: int = 45) -> str:
        self.help = say(f"cli.help_{self.name}")
        return super().get_short_help_str(limit)


class Command(_Spoken):
    """A command; its help is ``cli.help_<name>``, that of its options ``cli.option_<name>``."""


class Group(_Spoken, click.Group):
    """A group of commands; a mistake in the name of one is told in the reader's language too."""

    command_class = Command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Return the command that was named; say which there are if there is none of that name."""
        with speaking(_asked_for(args)):
            try:
                return super().resolve_command(ctx, args)
            except click.UsageError:
                known = ", ".join(self.list_commands(ctx))
                wrong = click.UsageError(say("cli.no_such_command", command=args[0], commands=known), ctx)
                raise _Mistake(wrong) from None
