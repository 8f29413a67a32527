from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.front_ends.configs import model, sequential
from tests.models import functional, nested, on, source
from tests.models import sequential as chain
from tfjs_serve.errors import ConversionError
from tfjs_serve.front_ends.archive_paths import bind_by_path, class_paths, snake_case
from tfjs_serve.front_ends.weights import is_left_out
from tfjs_serve.graph import Layer, Weight
from tfjs_serve.keras_files.model import StoredWeight
from tfjs_serve.topology import named_weights

DENSE = {"use_bias": True}
EARLY = "_layer_checkpoint_dependencies"


def dense(name: str) -> Layer:
    return Layer(name, "Dense", DENSE, (on("x"),))


def named(class_name: str, **parts: Layer) -> Layer:
    return Layer(class_name.lower(), class_name, {}, (on("x"),), parts=parts)


def at(*paths: str) -> list[StoredWeight]:
    """Return the variables at paths of an archive: `dense*2` are two."""
    found = []
    for path in paths:
        owner, _, count = path.partition("*")
        for index in range(int(count)):
            name = f"{owner}/vars/{index}"
            found.append(StoredWeight(f"{owner}/vars", name, (2,), "<f4", name, None))
    return found


def bound(layers: Sequence[Layer], *paths: str) -> dict[str, str]:
    """Return tfjs name -> path of the weights of a model."""
    found = bind_by_path(layers, model(sequential(), weights=at(*paths)))
    graph = functional([source(), *found], [layers[-1].name])
    weights = ((name, weight.values) for name, weight in named_weights(graph))
    return {name: values.name for name, values in weights if isinstance(values, StoredWeight)}


def both(layer: str, path: str) -> dict[str, str]:
    return {f"{layer}/kernel": f"{path}/vars/0", f"{layer}/bias": f"{path}/vars/1"}


@pytest.mark.parametrize(
    ("layers", "paths"),
    [
        pytest.param([dense("a")], [], id="none in the file"),
        pytest.param([dense("a")], ["layers/dense*1"], id="one too few"),
        pytest.param([dense("a")], ["layers/dense*3"], id="one too many"),
        pytest.param([dense("a")], ["layers/a*2"], id="under its name"),
        pytest.param([dense("a")], ["layers/dense_1*2"], id="another number"),
        pytest.param([dense("a")], ["layers/dense/layer*2"], id="inside"),
    ],
)
def test_a_layer_that_does_not_fit_stays_without(
    layers: Sequence[Layer], paths: Sequence[str]
) -> None:
    assert bound(layers, *paths) == {}


@pytest.mark.parametrize(
    ("class_name", "path"),
    [
        ("Dense", "dense"),
        ("Conv2D", "conv2d"),
        ("Conv2DTranspose", "conv2d_transpose"),
        ("SeparableConv1D", "separable_conv1d"),
        ("ConvLSTM2D", "conv_lstm2d"),
        ("PReLU", "p_re_lu"),
        ("LSTM", "lstm"),
        ("GRUCell", "gru_cell"),
        ("StackedRNNCells", "stacked_rnn_cells"),
        ("MultiHeadAttention", "multi_head_attention"),
        ("BatchNormalization", "batch_normalization"),
        ("InputLayer", "input_layer"),
    ],
)
def test_classes_in_snake_case(class_name: str, path: str) -> None:
    assert snake_case(class_name) == path


CLASSES = ["InputLayer", "Dense", "keras.ops.Add", "Conv1D", "Dense", "mine>Dense", "ReLU", "Dense"]


def test_layers_are_counted_by_class() -> None:
    layers = [named(name) for name in CLASSES]
    expected = ["input_layer", "dense", "", "conv1d", "dense_1", "dense_2", "re_lu", "dense_3"]
    assert list(class_paths(layers)) == expected


def test_layers_with_weights_are_counted_twice_until_keras_2_13() -> None:
    layers = [named(name) for name in ("ReLU", "Dense", "ReLU", "Dense", "ReLU", "Dense")]
    expected = ["re_lu", "dense", "re_lu_1", "dense_2", "re_lu_2", "dense_4"]
    assert list(class_paths(layers, EARLY)) == expected


def test_early_models_are_found_where_they_are() -> None:
    inner = nested("n", chain(source("z"), dense("d"), dense("e")), on("x"))
    paths = (f"{EARLY}/dense", f"{EARLY}/sequential/{EARLY}/dense")
    assert bound([dense("a"), inner], *(f"{p}*2" for p in paths), f"{paths[1]}_2*2") == {
        **both("a", paths[0]),
        **both("d", paths[1]),
        **both("e", f"{paths[1]}_2"),
    }


def test_numbers_above_nine() -> None:
    layers = [dense(f"d{i}") for i in range(12)]
    paths = ["layers/dense", *(f"layers/dense_{i}" for i in range(1, 12))]
    expected = [both(f"d{i}", path) for i, path in enumerate(paths)]
    found = bound(layers, *(f"{path}*2" for path in sorted(paths)))
    assert found == {name: path for item in expected for name, path in item.items()}


def test_each_model_counts_for_itself() -> None:
    inner = nested("n", functional([source("z"), dense("d")], ["d"], ["z"]), on("x"))
    paths = ("layers/dense", "layers/functional/layers/dense", "layers/dense_1")
    assert bound([dense("a"), inner, dense("b")], *(f"{path}*2" for path in paths)) == {
        **both("a", paths[0]),
        **both("d", paths[1]),
        **both("b", paths[2]),
    }


def test_wrapped_layers_lie_under_their_attributes() -> None:
    steps = Layer("s", "TimeDistributed", {}, (on("x"),), parts={"layer": dense("i")})
    lstm = Layer("l", "LSTM", {"use_bias": False}, (on("x"),))
    ways = Layer("w", "Bidirectional", {}, (on("x"),), parts={"layer": lstm})
    found = bound(
        [steps, lstm, ways],
        "layers/time_distributed/layer*2",
        "layers/lstm/cell*2",
        "layers/bidirectional/backward_layer/cell*2",
        "layers/bidirectional/forward_layer/cell*2",
    )
    at_forward, at_backward = (
        f"layers/bidirectional/{w}_layer/cell" for w in ("forward", "backward")
    )
    assert found == {
        **both("s", "layers/time_distributed/layer"),
        "l/kernel": "layers/lstm/cell/vars/0",
        "l/recurrent_kernel": "layers/lstm/cell/vars/1",
        "w/forward_l/kernel": f"{at_forward}/vars/0",
        "w/forward_l/recurrent_kernel": f"{at_forward}/vars/1",
        "w/backward_l/kernel": f"{at_backward}/vars/0",
        "w/backward_l/recurrent_kernel": f"{at_backward}/vars/1",
    }


@pytest.mark.parametrize("mark", [pytest.param("", id="Keras 3"), pytest.param("_", id="Keras 2")])
def test_layers_inside_a_layer_lie_under_their_attributes(mark: str) -> None:
    attention = Layer("a", "MultiHeadAttention", {"use_bias": True}, (on("x"),))
    inner = {"query": "query", "key": "key", "value": "value", "attention_output": "output"}
    paths = [f"layers/multi_head_attention/{mark}{name}_dense*2" for name in inner.values()]
    (layer,) = bind_by_path([attention], model(sequential(), weights=at(*paths)))
    assert {weight.name: weight.values for weight in layer.weights} == {
        f"{role}/{variable}": stored
        for role, path in zip(inner, paths, strict=True)
        for variable, stored in zip(("kernel", "bias"), at(path), strict=True)
    }


def test_random_states_are_left_out() -> None:
    (seed,) = at("layers/dropout/seed_generator*1")
    (kernel,) = at("layers/seed_generator/dense*1")
    assert (is_left_out(seed), is_left_out(kernel)) == (True, False)


def test_stacked_cells_are_counted_by_class_in_the_order_of_the_list() -> None:
    cells = {f"cells_{i}": Layer(f"c{i}", "LSTMCell") for i in range(11)}
    stack = Layer("stack", "StackedRNNCells", parts=cells)
    (after,) = bind_by_path(
        [named("RNN", cell=stack)],
        model(
            sequential(),
            weights=at(
                *(f"layers/rnn/cell/cells/lstm_cell{f'_{i}' * (i > 0)}*3" for i in range(11))
            ),
        ),
    )
    found = after.parts["cell"].parts
    owners = [
        {weight.values.group for weight in cell.weights if isinstance(weight.values, StoredWeight)}
        for cell in found.values()
    ]
    paths = ["lstm_cell", *(f"lstm_cell_{i}" for i in range(1, 11))]
    assert owners == [{f"layers/rnn/cell/cells/{path}/vars"} for path in paths]


@pytest.mark.parametrize(("count", "names"), [(1, ["vector_u"]), (2, ["kernel", "vector_u"])])
def test_a_wrapper_may_keep_the_kernel_it_normalizes(count: int, names: list[str]) -> None:
    path = "layers/spectral_normalization"
    (after,) = bind_by_path(
        [named("SpectralNormalization", layer=dense("d"))],
        model(sequential(), weights=at(f"{path}*{count}", f"{path}/layer*2")),
    )
    assert [weight.name for weight in after.weights] == names
    assert [weight.name for weight in after.parts["layer"].weights] == ["kernel", "bias"]


def lookup(name: str, **config: object) -> Layer:
    return Layer(name, "IntegerLookup", {"vocabulary": None, **config}, (on("x"),))


def adapted(layer: Layer, text: str, path: str = "layers/integer_lookup") -> Layer:
    """Return a layer as an archive with one vocabulary gives it."""
    file = replace(model(sequential()), vocabularies={path: text})
    (found,) = bind_by_path([layer], file)
    return found


@pytest.mark.parametrize(
    ("text", "vocabulary"),
    [
        ("-1\n3\n40", [-1, 3, 40]),
        ("3", [3]),
        ("3\r\n4\n\n", [3, 4]),
        ("", None),
    ],
)
def test_an_adapted_layer_gets_its_vocabulary(text: str, vocabulary: list[int] | None) -> None:
    assert adapted(lookup("a"), text) == lookup("a", vocabulary=vocabulary)


@pytest.mark.parametrize(
    ("layer", "path"),
    [
        pytest.param(lookup("a"), "layers/integer_lookup_1", id="of another layer"),
        pytest.param(lookup("a"), "../layers/integer_lookup", id="elsewhere"),
        pytest.param(lookup("a", vocabulary=[7]), "layers/integer_lookup", id="given"),
        pytest.param(
            Layer("a", "StringLookup", {"vocabulary": None}, (on("x"),)),
            "layers/string_lookup",
            id="other class",
        ),
    ],
)
def test_a_layer_that_keeps_its_config(layer: Layer, path: str) -> None:
    assert adapted(layer, "1\n2", path) == layer


@pytest.mark.parametrize(
    "text", ["1.5", "a", "1\n\n2", "1_0", "1 2", "\u0663", "9" * 20, "--1", "1\n" * 9 + "x", "\n1"]
)
def test_a_vocabulary_of_other_than_whole_numbers_is_refused(text: str) -> None:
    with pytest.raises(ConversionError) as caught:
        adapted(lookup("a"), text)
    why = "the vocabulary of layer 'a' is no list of whole numbers; "
    assert str(caught.value).startswith(why)


def test_frequencies_are_bound_where_the_archive_has_them() -> None:
    (stored,) = at("layers/integer_lookup*1")
    (counted, plain) = bind_by_path(
        [lookup("a", output_mode="tf_idf"), lookup("b")], model(sequential(), weights=[stored])
    )
    assert counted.weights == (Weight("idf_weights", stored),)
    assert plain.weights == ()
