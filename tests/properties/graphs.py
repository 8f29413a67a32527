"""Random graphs of built-in layers, with a real Keras as the oracle: refused, or its numbers.

    python -m tests.properties.graphs [EXAMPLES] [KERAS]

A failure is shrunk; the smallest model that shows it stays in build/properties with its steps.
"""

from __future__ import annotations

import json
import shutil
import sys
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase

from tests.conformance.comparison import differences
from tests.properties.browsed import Browsed
from tests.properties.layers import LAYERS, OPERATIONS, Choice
from tests.properties.oracle import ROOT, Oracle, Refused
from tfjs_serve.errors import ConversionError

BUILD = ROOT / "build" / "properties"
MOST_STEPS = 8
FLOATS = st.sampled_from([[4], [6], [5, 4], [None, 3], [4, 6], [6, 6, 2], [5, 4, 3], [4, 4, 4]])
IDS = st.sampled_from([[5], [None]])
INPUTS = st.one_of(
    FLOATS.map(lambda shape: {"shape": shape, "dtype": "float32"}),
    IDS.map(lambda shape: {"shape": shape, "dtype": "int32"}),
)


class Graphs:
    """Draws, builds and checks models of one Keras."""

    def __init__(self, oracle: Oracle, browsed: Browsed) -> None:
        self._oracle = oracle
        self._browsed = browsed
        self.outcomes: Counter[str] = Counter()
        self._folder = BUILD / f"keras{oracle.generation}"
        self._folder.mkdir(parents=True, exist_ok=True)

    def check(self, data: st.DataObject) -> None:
        """Draw one model; AssertionError when the browser's numbers are not Keras's."""
        steps: list[dict[str, Any]] = []
        shapes = self._begin(data, steps)
        for _ in range(data.draw(st.integers(1, MOST_STEPS), label="steps")):
            self._step(data, shapes, steps)
        used = {index for step in steps[1:] for index in step["on"]}
        ends = [index for index in range(len(shapes)) if index not in used]
        suffix = data.draw(st.sampled_from(["h5", "keras"]), label="format")
        path = self._folder / f"model.{suffix}"
        seed = data.draw(st.integers(0, 9), label="seed")
        try:
            expected = self._oracle.ask("finish", outputs=ends, path=str(path), seed=seed)
        except Refused:
            self.outcomes["no model"] += 1
            return
        steps.append({"outputs": ends, "seed": seed, "format": suffix})
        try:
            found = self._browsed.predictions(path, expected["inputs"])
        except ConversionError as error:
            self.outcomes[f"refused: {error.reasons[0].class_name}: {error.reasons[0].why}"] += 1
            return
        except BaseException:
            self._keep(path, steps)
            raise
        wrong = [
            difference
            for output, tensor in zip(found, expected["outputs"], strict=True)
            for difference in differences(output, tensor["values"])
        ]
        if wrong:
            self._keep(path, steps)
        assert not wrong, (wrong[:3], steps)
        self.outcomes["equal"] += 1

    def _begin(self, data: st.DataObject, steps: list[dict[str, Any]]) -> list[list[int | None]]:
        """Make the inputs; integers go into an Embedding, which may make a mask."""
        count = data.draw(st.integers(1, 2), label="inputs")
        inputs = [data.draw(INPUTS) for _ in range(count)]
        steps.append({"inputs": inputs})
        shapes: list[list[int | None]] = self._oracle.ask("new", inputs=inputs)["tensors"]
        for index, item in enumerate(inputs):
            if item["dtype"] == "int32":
                config = {"input_dim": 6, "output_dim": 3, "mask_zero": data.draw(st.booleans())}
                step = {"class": "Embedding", "config": config, "on": [index]}
                steps.append({"first": len(shapes), **step})
                shapes.extend(self._oracle.ask("call", **step)["tensors"])
        return shapes

    def _step(
        self, data: st.DataObject, shapes: list[list[int | None]], steps: list[dict[str, Any]]
    ) -> None:
        """Call one more layer, or an earlier one again; what Keras refuses is left out."""
        before = [step for step in steps[1:] if not step["class"].startswith(("ops.", "Embedding"))]
        choice: Choice = data.draw(st.sampled_from(LAYERS + OPERATIONS))
        fewest, most = choice.inputs
        ids = {i for step in steps if step.get("class") == "Embedding" for i in step["on"]}
        fitting = [i for i, s in enumerate(shapes) if len(s) in choice.ranks and i not in ids]
        if not fitting:
            return
        count = data.draw(st.integers(fewest, most))
        on = [data.draw(st.sampled_from(fitting)) for _ in range(count)]
        config = data.draw(st.fixed_dictionaries({}, optional=dict(choice.fields)))
        step = {"class": choice.class_name, "config": config, "on": on}
        if before and data.draw(st.integers(0, 5)) == 5:
            earlier = data.draw(st.sampled_from(before))
            step = {**earlier, "on": on, "again": earlier["first"]}
        try:
            made = self._oracle.ask("call", **step)["tensors"]
        except Refused:
            return
        steps.append({"first": len(shapes), **step})
        shapes.extend(made)

    def _keep(self, path: Path, steps: list[dict[str, Any]]) -> None:
        """Keep the model of a failure; the last one kept is the one shrunk furthest."""
        shutil.copy(path, path.with_stem("failure"))
        path.with_name("failure.json").write_text(json.dumps(steps, indent=1))


def main(arguments: list[str]) -> int:
    """Check random models of both Kerases; the exit status is 1 after a failure."""
    examples = int(arguments[0]) if arguments else 500
    status = 0
    for generation in [int(a) for a in arguments[1:]] or [2, 3]:
        with Oracle(generation) as oracle, Browsed() as browsed:
            graphs = Graphs(oracle, browsed)
            check = settings(
                max_examples=examples,
                deadline=None,
                database=DirectoryBasedExampleDatabase(BUILD / "examples"),
                suppress_health_check=list(HealthCheck),
                phases=(Phase.reuse, Phase.generate, Phase.shrink),
            )(given(st.data())(graphs.check))
            try:
                check()
            except (Exception, ExceptionGroup) as error:  # noqa: BLE001  the finding
                traceback.print_exception(error, limit=-2)
                status = 1
        print(f"Keras {generation}: {sum(graphs.outcomes.values())} models")
        for outcome, count in graphs.outcomes.most_common():
            print(f"  {count:5} {outcome}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
