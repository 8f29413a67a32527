"""Settings: flags over environment over `tfjs-serve.toml` over defaults."""

from __future__ import annotations

from tfjs_serve.config.environment import wants_color
from tfjs_serve.config.folders import default_folder, folder_id, is_ours, private_folders
from tfjs_serve.config.loading import load
from tfjs_serve.config.options import parse_option, parse_options
from tfjs_serve.config.settings import LogFormat, ModelOptions, Settings, Verbosity
from tfjs_serve.config.values import SETTINGS

__all__ = [
    "SETTINGS",
    "LogFormat",
    "ModelOptions",
    "Settings",
    "Verbosity",
    "default_folder",
    "folder_id",
    "is_ours",
    "load",
    "parse_option",
    "parse_options",
    "private_folders",
    "wants_color",
]
