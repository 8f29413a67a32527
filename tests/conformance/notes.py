"""What docs/layers.md says beside the figures: kinds of rules, what to do instead."""

from __future__ import annotations

from collections.abc import Mapping

BOOKKEEPING = frozenset(
    (
        *("bookkeeping", "dtype_policies", "input_layers", "missing_weights", "initializers"),
        *(
            "regularizers",
            "constraints",
            "layer_names",
            "namesakes",
            "call_arguments",
            "boundaries",
        ),
    )
)
"""Rules that change nothing a layer computes: a layer that only these touch is native."""

FIXES = frozenset(
    (
        *("class_names", "flags", "axes", "activations", "paddings", "flatten", "reshape"),
        *("leaky_relu", "spatial_dropout", "hard_sigmoid_gates", "bidirectional", "keepdims"),
        *("initial_states", "lora", "int8_dense", "call_order"),
    )
)
"""Rules after which a layer is still the same one of tfjs, with other values of its fields."""

DROPS = frozenset(("inference_identity",))
"""Rules that leave out what only training needs."""

INSTEAD: Mapping[str, str] = {
    "Lambda": "holds Python code; replace it by layers or operations, or write its stub",
    "Layer": "the base of custom layers; `tfjs-serve stub` writes one to be filled in",
    "Wrapper": "the base of wrappers; `tfjs-serve stub` writes one to be filled in",
    "AbstractRNNCell": "the base of custom cells; a custom cell cannot be converted",
    "TFSMLayer": "holds a SavedModel; convert that with the official converter to a graph model",
    "JaxLayer": "holds a JAX function; rebuild it from layers",
    "FlaxLayer": "holds a Flax module; rebuild it from layers",
    "TorchModuleWrapper": "holds a PyTorch module; rebuild it from layers",
    "StringLookup": "strings; look them up in JavaScript and feed the indices",
    "TextVectorization": "strings; split and look up in JavaScript and feed the indices",
    "Hashing": "hashes; compute them in JavaScript and feed the bins",
    "HashedCrossing": "hashes; compute them in JavaScript and feed the bins",
    "DenseFeatures": "feature columns; feed the tensor they make",
    "STFTSpectrogram": "a Fourier transform; use `tf.signal.stft` and feed the spectrogram",
    "MelSpectrogram": "a Fourier transform; use `tf.signal.stft` and feed the spectrogram",
    "Pipeline": "of image layers; put its layers into the model one by one",
    "AutoContrast": "changes images also at inference; do it before predicting",
    "Equalization": "changes images also at inference; do it before predicting",
    "ContrastLimitedAdaptiveHistogramEqualization": "changes images also at inference",
    "MaxNumBoundingBoxes": "pads boxes of training data; leave it out of the model",
    "activation threshold": "takes arguments, which no layer passes on; use ThresholdedReLU",
}
"""What to do instead of what is refused, or what no file can hold."""

INSIDE = "its activations are those TensorFlow.js has, and Keras 3's hard_sigmoid for gates"

NOTES: Mapping[str, str] = {
    "GRU": "`reset_after` (the default): step by step up to 24 steps, else by the companion",
    "LSTM": INSIDE,
    "SimpleRNN": INSIDE,
    "ConvLSTM1D": INSIDE,
    "ConvLSTM2D": INSIDE,
    "TimeDistributed": "of models, too, where the number of steps is known",
    "RNN": "of built-in cells",
    "GRUCell": "within RNN",
    "LSTMCell": "within RNN",
    "SimpleRNNCell": "within RNN",
    "StackedRNNCells": "within RNN",
    "InputLayer": "whole numbers become int32, other floats float32",
}
"""What else there is to know of a class that is converted."""

ROOMS: Mapping[str, str] = {
    "core": "Core layers",
    "convolutional": "Convolution layers",
    "pooling": "Pooling layers",
    "rnn": "Recurrent layers",
    "preprocessing": "Preprocessing layers",
    "normalization": "Normalization layers",
    "regularization": "Regularization layers",
    "attention": "Attention layers",
    "reshaping": "Reshaping layers",
    "merging": "Merging layers",
    "activations": "Activation layers",
    "other": "Layers of other libraries",
}
"""The groups of Keras's own documentation, in its order."""

SAME_ROOM: Mapping[str, str] = {
    "activation": "activations",
    "locally_connected": "convolutional",
    "input_layer": "core",
    "base_layer": "core",
    "layer": "core",
    "dense_features_v2": "preprocessing",
    "jax_layer": "other",
    "tfsm_layer": "other",
    "torch_utils": "other",
}
"""Folders of one Keras or the other -> room."""

OPERATION_ROOMS: Mapping[str, str] = {
    "numpy": "NumPy operations",
    "nn": "Neural network operations",
    "math": "Mathematical operations",
    "linalg": "Linear algebra",
    "core": "Core operations",
    "image": "Image operations",
    "einops": "Einops",
}
