"""Help and mistakes of the command line, in the reader's language."""

import re

import pytest
from click.testing import CliRunner

from cvmlab import cli

COMMANDS = ("lab", "data", "report")


def told(*words):
    return CliRunner().invoke(cli.main, list(words))


@pytest.mark.parametrize("words", [["--help"], *([command, "--help"] for command in COMMANDS)])
def test_chinese_help_has_no_english_sentence(words):
    shown = told(*words, "--language", "zh") if len(words) > 1 else told("--language", "zh", *words)
    assert shown.exit_code == 0
    # names of options, files and values stay; three English words in a row are a sentence
    assert not re.findall(r"\b[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}\b", shown.stdout)
    assert "[OPTIONS]" not in shown.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_says_what_it_does(command):
    for language in ("en", "zh"):
        told(command, "--help", "--language", language)
        options = [option for option in cli.main.commands[command].params if option.param_type_name == "option"]
        assert all(option.help for option in options)


def test_the_language_may_stand_before_or_behind_the_command(tmp_path):
    missing = str(tmp_path / "none.csv")
    sentence = told("data", missing, "--language", "zh").stderr
    assert sentence.startswith("错误：")
    assert told("--language", "zh", "data", missing).stderr == sentence
    assert told("data", "--language=zh", missing).stderr == sentence


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["report", "x.csv", "--bye", "region"], "--by"),
        (["dta"], "data, lab, report"),
        (["data"], "SOURCE"),
        (["data", "x.csv", "--day-first", "maybe"], "yes, no"),
        (["report", "x.csv", "--jobs", "0"], "--jobs"),
        (["report", "x.csv", "--name"], "--name"),
    ],
)
def test_a_mistake_in_the_command_is_told_in_the_language_asked_for(words, part):
    for language, start in (("en", "Error: "), ("zh", "错误：")):
        shown = told("--language", language, *words)
        assert shown.exit_code == 2
        assert part in shown.stderr
        assert shown.stderr.splitlines()[-1].startswith(start)
