"""Plain values out of Keras's serialized ones, the same for both generations.

Keras 2.13 and later wrap whatever is not JSON in dictionaries (keras/src/saving/
serialization_lib.py): functions, tuples, arrays, dtype policies, and every object with the module
it came from. Here a function becomes its name, an array nested lists, a policy its name, and an
object `{"class_name", "config"}` with nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BUILT_IN_MODULES = ("keras", "tf_keras", "builtins", "tensorflow")


def plain(value: Any) -> Any:
    """Return a config value without the wrappers of Keras's serialization."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    class_name, config = value.get("class_name"), value.get("config")
    if class_name == "__tuple__":
        return [plain(item) for item in value.get("items", ())]
    if class_name in ("__numpy__", "__tensor__") and isinstance(config, Mapping):
        return plain(config.get("value"))
    if value.get("type") == "ndarray":
        return plain(value.get("value"))
    if class_name == "function" and isinstance(config, str):
        return config if _is_built_in(value) else {"class_name": config, "config": {}}
    if class_name in ("DTypePolicy", "Policy") and isinstance(config, Mapping):
        return config.get("name")
    if isinstance(class_name, str) and isinstance(config, Mapping):
        name = class_name if _is_built_in(value) else _registered(value)
        return {"class_name": name, "config": {key: plain(item) for key, item in config.items()}}
    return {key: plain(item) for key, item in value.items()}


CLASSES_BY_EXPORT = {"GroupQueryAttention": "GroupedQueryAttention"}
"""Class by the name it is exported under: a `.keras` holds the latter, a `.h5` the former.

All others of Keras 3.15 are exported under their own name (keras/src/api_export.py).
"""


def class_name_of(value: Mapping[str, Any]) -> Any:
    """Return the class of a serialized object under a name that tells a user's from Keras's."""
    if not _is_built_in(value):
        return _registered(value)
    name = value.get("class_name")
    return CLASSES_BY_EXPORT.get(name, name) if isinstance(name, str) else name


def _is_built_in(value: Mapping[str, Any]) -> bool:
    """Tell whether Keras itself defines the object; early files name no module at all."""
    module = value.get("module")
    if module is None:
        return ">" not in str(value.get("registered_name"))
    return str(module).split(".")[0] in BUILT_IN_MODULES


def _registered(value: Mapping[str, Any]) -> str:
    """Return a name that no built-in class has: a user's `Dense` is not Keras's.

    A class that was never registered goes under its bare name.
    """
    name = str(value.get("registered_name"))
    return name if ">" in name else f"{value.get('module')}>{value.get('class_name')}"
