"""What a person sees while the server runs, and what a program reads.

Results go to standard output, warnings and refusals to standard error. Whatever a model or a
request may have written is escaped before it reaches a terminal.
"""

from tfjs_serve.terminal.inspection import inspection_lines
from tfjs_serve.terminal.output import columns, painter
from tfjs_serve.terminal.report import quantization_lines, report_lines, rule_lines
from tfjs_serve.terminal.reporter import Banner, JsonReporter, QueuedReporter, Reporter
from tfjs_serve.terminal.text import TextReporter
from tfjs_serve.terminal.words import duration, escape, hung, load_snippet, refusal_lines, size

__all__ = [
    "Banner",
    "JsonReporter",
    "QueuedReporter",
    "Reporter",
    "TextReporter",
    "columns",
    "duration",
    "escape",
    "hung",
    "inspection_lines",
    "load_snippet",
    "painter",
    "quantization_lines",
    "refusal_lines",
    "report_lines",
    "rule_lines",
    "size",
]
