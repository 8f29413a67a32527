"""What `--help` and `--version` teach."""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import Any, TypeVar

import click

from tfjs_serve import __version__

DEPENDENCIES = ("aiohttp", "aiohttp-cors", "click", "h5py", "numpy", "watchdog")

_EXITS = "0 done, 1 refused or failed while running, 2 wrong usage."

EPILOGS = {
    "serve": {
        "Commands": """
convert INPUT OUTDIR  Convert one model into a folder of its own.
inspect INPUT         Show what a model holds and what a conversion would do.
stub INPUT            Begin the JavaScript of a model's custom classes.
clean DIR             Delete what the server keeps about a folder.
Each has its own --help. A folder called like a command is ./convert.
""",
        "Examples": """
tfjs-serve ./models
    Serve ./models/mnist.h5. A page, on whatever port, loads it with
    await tf.loadLayersModel('http://localhost:8000/mnist/model.json')
tfjs-serve ./models --host 0.0.0.0 --cors '*'
    Let other machines in, and pages of every origin.
tfjs-serve ./models --log-format json
    Write events for a program: ready, converted, failed, ...
""",
        "Settings": """
Flags win over variables, variables over the file, the file over defaults.
Variables: TFJS_SERVE_ and the name in capitals, as in TFJS_SERVE_PORT=9000;
    commas separate several origins or hosts. NO_COLOR and FORCE_COLOR decide
    about colours.
File: tfjs-serve.toml in the working directory, with keys such as strict_port.
    Options of single models stand there, or in the models folder, as
    [[models]] tables: match = "vision/*", weight_shard_size_bytes, metadata,
    quantization = "uint8" or {uint8 = ["*kernel"], float16 = true}.
    A file in the models folder may set nothing else.
""",
        "Exit status": f"\n{_EXITS} Ctrl-C ends with 0.\n",
    },
    "convert": {
        "Examples": """
tfjs-serve convert mnist.h5 site/mnist
    Write site/mnist/model.json and group1-shard1of1.bin beside it.
tfjs-serve convert mnist.h5 site/mnist --metadata labels:labels.json
tfjs-serve convert mnist.h5 site/mnist --quantize-uint8='*kernel'
    Write kernels in one byte a value, and show what that loses.
""",
        "Quantisation": """
A pattern (* ? [abc]) is matched against whole names of weights as model.json
has them. A flag without patterns means all weights that no pattern matches;
it stands behind OUTDIR, since a word after it is taken for patterns.
Constants that the conversion adds are never quantised.
""",
        "Exit status": f"\n{_EXITS}\n",
    },
    "inspect": {
        "Examples": """
tfjs-serve inspect mnist.h5
tfjs-serve inspect mnist.keras --json -o mnist.json
""",
        "Exit status": f"\n{_EXITS}\n",
    },
    "stub": {
        "Examples": """
tfjs-serve stub mine.h5 -o custom.js
    Fill in every call, then: tfjs-serve . --allow-custom MyLayer
""",
        "Exit status": f"\n{_EXITS}\n",
    },
    "clean": {
        "Examples": """
tfjs-serve clean ./models
tfjs-serve clean ./models --out ./public/models
""",
        "Exit status": f"\n{_EXITS}\n",
    },
}

HELP: dict[str, dict[str, Any]] = {
    "serve": {
        "help": "Watch a folder of Keras models (.h5, .keras) and serve each as a TensorFlow.js "
        "Layers model, converted again whenever its file changes. DIR is the working directory "
        "unless it is given.",
    },
    "convert": {
        "help": "Convert the Keras model INPUT into the folder OUTDIR: model.json and weight "
        "files under the official names, ready for any static host. A model that cannot be "
        "converted exactly is refused with every reason.",
    },
    "inspect": {
        "help": "Show layers, shapes, parameters, inputs and outputs of the Keras model INPUT, "
        "what a conversion would change, and every reason if it is refused. No file is written.",
    },
    "stub": {
        "help": "Write a JavaScript module for the custom layers and Lambdas of the Keras model "
        "INPUT: a class for each, with its config fields and weights, and a call to be filled in. "
        "A model whose classes --allow-custom names is converted, and needs the module; write "
        "NAME:same for a class that returns the shape of its input, if the file tells none.",
    },
    "clean": {
        "help": "Delete the served folder of the models folder DIR. Only files that tfjs-serve "
        "wrote are deleted, never a model; the next start converts all again.",
    },
}
for _name, _settings in HELP.items():
    _settings["epilog"] = _name
    _settings["context_settings"] = {
        # One spelling for both: --strict_port is --strict-port.
        "token_normalize_func": lambda token: token.replace("_", "-"),
        "terminal_width": 80,
    }


class GroupedOption(click.Option):
    """An option that stands under a heading."""

    heading: str = "Other"


class TeachingCommand(click.Command):
    """A command whose help has headings, examples and exit statuses."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the whole help."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        headings: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                heading = param.heading if isinstance(param, GroupedOption) else "Other"
                headings.setdefault(heading, []).append(record)
        width = max(len(names) for records in headings.values() for names, _ in records)
        for heading, records in headings.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{names:<{width}}", text) for names, text in records], width)
        for heading, text in EPILOGS[self.epilog or ""].items():
            with formatter.section(heading):
                for line in text.strip("\n").splitlines():
                    formatter.write(f"  {line}\n")


_Function = TypeVar("_Function", bound=Callable[..., Any])


def option(
    heading: str,
    names: str,
    metavar: str | None,
    text: str,
    multiple: bool = False,
    flag_value: str | None = None,
) -> Callable[[_Function], _Function]:
    """Declare an option; without a metavar it is a switch. `None` when it is not given.

    names: separated by a comma and a space, the short one first.
    flag_value: what it says when it is given without a value; None when it needs one.
    """

    def make(*args: Any, **kwargs: Any) -> GroupedOption:
        made = GroupedOption(*args, **kwargs)
        made.heading = heading
        return made

    kwargs: dict[str, Any] = {"help": f"{text} Repeatable." if multiple else text}
    if metavar is None:
        kwargs |= {"is_flag": True, "default": None}
    else:
        kwargs |= {"metavar": metavar, "multiple": multiple, "type": str}
        if flag_value is not None:
            kwargs |= {"is_flag": False, "flag_value": flag_value}
    return click.option(*names.split(", "), cls=make, **kwargs)  # type: ignore[arg-type]


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """Print our version and those of what a problem may depend on; nothing is imported."""
    if not value or ctx.resilient_parsing:
        return
    from importlib import metadata

    click.echo(f"tfjs-serve {__version__}")
    system = f"{platform.system()} {platform.machine()}"
    click.echo(f"Python {platform.python_version()} ({platform.python_implementation()}, {system})")
    for name in DEPENDENCIES:
        try:
            click.echo(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            click.echo(f"{name} is not installed")
    ctx.exit()


version_option = click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_version,
    help="Show the versions of tfjs-serve, Python and its packages.",
)
