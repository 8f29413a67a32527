from __future__ import annotations

from dataclasses import replace

from tfjs_serve.layers_format.stub import StubClass, StubLayer, module

PLAIN = StubLayer("a", {"units": 4, "mode": "halfWay"}, ((None, 4),), (("w", (3, 4)),))


def lines(*layers: StubLayer, name: str = "Mine") -> list[str]:
    text = module("m.h5", [StubClass(name, f"mine>{name}", layers)])
    return [line.strip() for line in text.splitlines()]


def test_a_class_of_nothing() -> None:
    assert module("m.h5", [StubClass("Mine", "mine>Mine", (StubLayer("a", {}, (None,), ()),))]) == (
        """\
// Custom layers of m.h5, begun by `tfjs-serve stub`.
//
// Fill in every `call`, convert or serve the model with
//     --allow-custom Mine
// and load it after the classes are registered:
//     import {register} from './custom.js';
//     register(tf);
//     const model = await tf.loadLayersModel(url);
//
// TensorFlow.js hands configs over in camel case, texts as well as keys.

/** Register the classes with the TensorFlow.js of a page. */
export function register(tf) {
  // mine>Mine of Keras.
  // Layer "a" returns unknown.
  class MineLayer extends tf.layers.Layer {
    static className = "Mine";

    constructor(config) {
      super(config);
      this.variables = {};
      this.fields = {};
    }

    build(inputShape) {
      super.build(inputShape);
    }

    computeOutputShape(inputShape) {
      const [shape] = Array.isArray(inputShape[0]) ? inputShape : [inputShape];
      // The file does not tell; change this if it is not the shape of the input.
      // If it is, --allow-custom Mine:same tells it to the conversion, too.
      return shape;
    }

    call(inputs, kwargs) {
      return tf.tidy(() => {
        const [x] = Array.isArray(inputs) ? inputs : [inputs];
        // Return what Keras computes, from the tensors in
        // inputs, this.fields and this.variables[name].read().
        throw new Error("Mine: call is not written yet");
      });
    }

    getConfig() {
      return {...super.getConfig(), ...this.fields};
    }
  }

  tf.serialization.registerClass(MineLayer);
}

if (globalThis.tf) register(globalThis.tf);
"""
    )


def test_fields_and_weights() -> None:
    found = lines(PLAIN)
    assert "units: config.units, // 4" in found
    assert 'mode: config.mode, // "halfWay"' in found
    assert "const outputs = [[null, 4]];" in found
    assert (
        'this.variables["w"] = this.addWeight("w", [3, 4], \'float32\', tf.initializers.zeros());'
        in found
    )


def test_layers_of_a_class_that_differ() -> None:
    other = StubLayer("b", {"units": 5}, ((None, 5),), (("w", (3, 5)),))
    found = lines(PLAIN, other)
    assert "units: config.units, // 4, 5" in found
    assert 'mode: config.mode, // "halfWay", null' in found
    assert '"a": [["w", [3, 4]]],' in found
    assert '"b": [["w", [3, 5]]],' in found
    assert '"b": [[null, 5]],' in found
    assert found.count("}[this.name];") == 2


def test_a_shape_that_is_known_stays_beside_one_that_is_not() -> None:
    other = replace(PLAIN, name="b", outputs=(None,))
    found = lines(PLAIN, other)
    assert '"a": [[null, 4]],' in found
    assert '"b": [null],' in found
    assert (
        'if (outputs.includes(null)) throw new Error("Mine: fill in the output shape of " '
        "+ this.name);" in found
    )
    assert "return shape;" not in found


def test_a_flag_is_quoted_for_the_shell() -> None:
    one = StubClass("mine>Dense", "mine>Dense", (PLAIN,))
    assert "//     --allow-custom 'mine>Dense'" in module("m.h5", [one]).splitlines()


def test_what_a_model_wrote_ends_no_comment_and_no_text() -> None:
    evil = 'a"\n*/ alert(1); //\u2028'
    layer = StubLayer(evil, {evil: evil}, (None,), ((evil, (2,)),))
    text = module(evil, [StubClass(evil, evil, (layer,))], [evil])
    assert text.isascii()
    escaped = 'a\\"\\n*/ alert(1); //\\u2028'
    for line in text.splitlines():
        if "alert(" in line:
            assert escaped in line
    assert f'    "{escaped}": config["{escaped}"], // "{escaped}"' in text
    assert "class a_____alert_1______Layer extends tf.layers.Layer {" in text


def test_names_of_classes_are_identifiers_that_shadow_nothing() -> None:
    names = ["Error", "3D", "mine>Dense", "mine_Dense"]
    layer = StubLayer("a", {}, (None,), ())
    text = module("m.h5", [StubClass(name, name, (layer,)) for name in names])
    found = [line.split()[1] for line in text.splitlines() if line.strip().startswith("class ")]
    assert found == ["ErrorLayer", "_3DLayer", "mine_DenseLayer", "mine_DenseLayer_3"]
    assert text.count('static className = "mine>Dense";') == 1


def test_fields_that_layer_itself_would_read_are_kept_from_it() -> None:
    found = lines(StubLayer("a", {"weights": [1, 2], "units": 4}, (None,), ()))
    assert "super({...config, weights: undefined});" in found
    assert "weights: config.weights, // [1, 2]" in found
