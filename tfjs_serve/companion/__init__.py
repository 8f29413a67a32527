"""The JavaScript module of layers that TensorFlow.js lacks, and how a page gets it."""

from tfjs_serve.companion.module import (
    FILES,
    MODULE,
    URL_PATH,
    read_module,
    register_snippet,
    write_module,
)

__all__ = ["FILES", "MODULE", "URL_PATH", "read_module", "register_snippet", "write_module"]
