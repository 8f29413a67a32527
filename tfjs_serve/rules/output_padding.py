"""A transposed convolution with output padding cuts its result out of a larger one.

Before: Conv2DTranspose {"kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1}
After:  Cropping2D (Conv2DTranspose {"padding": "valid"}), where the end needs it on an input that
        is one place of zeros longer

tfjs reads no output_padding (layers/convolutional.ts). Every place of the result is one of the
"valid" result, or lies behind its end and holds the bias. A Conv3DTranspose that pads as "same" for
a window shorter than its stride becomes one that is "valid", too: tfjs would pad by a negative
number (tfjs-core ops/conv_util.ts, `get3DPadAndOutInfo`).
"""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.shapes import per_axis
from tfjs_serve.lowering.chains import chain, step
from tfjs_serve.rewriting.rule import Context, Lowering, Rewrite, with_fields

AXES = {"Conv1DTranspose": 1, "Conv2DTranspose": 2, "Conv3DTranspose": 3}


def rewrite(layer: Layer, context: Context) -> Rewrite | Lowering | None:
    """Make the whole result and cut out of it what Keras returns."""
    axes = AXES.get(layer.class_name)
    if axes is None:
        return None
    config: Mapping[str, object] = {"strides": 1, "output_padding": None, **layer.config}
    windows, strides = (per_axis(config, name, axes) for name in ("kernel_size", "strides"))
    is_same = config.get("padding", "valid") == "same"
    if config["output_padding"] is None:
        is_short = any(w < s for w, s in zip(windows, strides, strict=True))
        if not (axes == 3 and is_same and is_short):
            return None
        places = [_as_same(w, s) for w, s in zip(windows, strides, strict=True)]
    else:
        added = per_axis(config, "output_padding", axes)
        triples = zip(windows, strides, added, strict=True)
        places = [_cut(w, s, a, w // 2 if is_same else 0) for w, s, a in triples]
    whole = with_fields(layer, {"padding": "valid", "output_padding": None})
    longer = [(0, zeros) for zeros, _, _ in places]
    border = [(before, after) for _, before, after in places]
    if not any(map(any, (*longer, *border))):
        return Rewrite(whole)
    own = {} if axes == 1 else {"data_format": layer.config.get("data_format", "channels_last")}
    steps = [whole]
    if any(map(any, longer)):
        config = {"padding": longer[0] if axes == 1 else longer, **own}
        steps.insert(0, step(layer, "longer", f"ZeroPadding{axes}D", config))
    if any(map(any, border)):
        config = {"cropping": border[0] if axes == 1 else border, **own}
        steps.append(step(layer, "cut", f"Cropping{axes}D", config))
    return chain(*steps)


def _as_same(window: int, stride: int) -> tuple[int, int, int]:
    """Return how "same" without output padding is cut out of "valid", as `_cut` does."""
    surplus = max(window - stride, 0)
    return 0, surplus // 2, surplus - surplus // 2


def _cut(window: int, stride: int, added: int, margin: int) -> tuple[int, int, int]:
    """Return by how many zeros the input grows, and what is cut off before and after.

    Keras makes (n - 1) * stride + window - 2 * margin + added places of n (keras/src/backend/
    common/backend_utils.py, `_get_output_shape_given_tf_padding`), TensorFlow leaves out half of
    what a convolution that leads back would pad. tfjs makes n * stride + max(window - stride, 0).
    """
    before = max(2 * margin - added, 0) // 2
    after = stride + max(window - stride, 0) - window + 2 * margin - added - before
    zeros = 0 if after >= 0 else -(after // stride)
    return zeros, before, after + zeros * stride
