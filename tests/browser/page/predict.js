// Predicts as any page would: plain tf.loadLayersModel, nothing registered, nothing patched.

/**
 * Return the input of `inputs` for each of the model's inputs, in the model's order.
 *
 * `inputs` is a list in that order, or an object by input name. The name of a sole input does not
 * matter, and neither does the order of an object.
 */
function inputsInOrder(model, inputs) {
  // Not inputs[i].name, which grows a number at each load; those of a Sequential model are empty.
  const names = model.inputNames;
  if (Array.isArray(inputs)) {
    if (inputs.length !== model.inputs.length) {
      throw new Error(`${inputs.length} inputs given, the model has ${model.inputs.length}`);
    }
    return inputs;
  }
  const given = Object.keys(inputs);
  if (given.length === 1 && model.inputs.length === 1) return [inputs[given[0]]];
  const missing = names.filter((name) => !(name in inputs));
  if (missing.length > 0 || given.length !== names.length) {
    throw new Error(`inputs named ${given} given, the model has ${names}`);
  }
  return names.map((name) => inputs[name]);
}

/**
 * Load the model at `url`, predict once, release everything.
 *
 * An input is {shape, dtype, values}, values flat in row-major order; an output is the same with its
 * name. `leaked` counts the tensors left behind, `ms` holds the times of loading and predicting.
 */
globalThis.predict = async (url, inputs, {backend = 'cpu'} = {}) => {
  if (tf.getBackend() !== backend) {
    if (!(await tf.setBackend(backend))) throw new Error(`backend ${backend} did not start`);
  }
  await tf.ready();
  const before = tf.memory().numTensors;
  const held = [];
  let model = null;
  try {
    const start = performance.now();
    model = await tf.loadLayersModel(url);
    const loaded = performance.now();
    const xs = inputsInOrder(model, inputs).map((x) => tf.tensor(x.values, x.shape, x.dtype));
    held.push(...xs);
    const result = model.predict(xs.length === 1 ? xs[0] : xs);
    const ys = Array.isArray(result) ? result : [result];
    held.push(...ys);
    const outputs = [];
    for (const [i, y] of ys.entries()) {
      const values = Array.from(await y.data());
      outputs.push({name: model.outputNames[i] ?? '', shape: y.shape, dtype: y.dtype, values});
    }
    const ms = {load: loaded - start, predict: performance.now() - loaded};
    tf.dispose(held.splice(0));
    model.dispose();
    model = null;
    return {outputs, ms, leaked: tf.memory().numTensors - before};
  } finally {
    tf.dispose(held);
    model?.dispose();
  }
};
