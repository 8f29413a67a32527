// Predicts as any page would: plain tf.loadLayersModel, nothing registered, nothing patched.

// Where the .wasm files are; which of them is fetched depends on what the browser can do.
tf.wasm.setWasmPaths('/wasm/');
// WebGL hands small tensors to the processor, and those of the tests are small. Here its own kernels
// compute them, as they compute the tensors of a model of real size.
tf.env().set('WEBGL_CPU_FORWARD', false);

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
 * Compute on `backend` from now on.
 *
 * Throws if it did not start, or if it is WebGL with halves for floats, as on some phones.
 */
globalThis.useBackend = async (backend) => {
  if (tf.getBackend() !== backend) {
    if (!(await tf.setBackend(backend))) throw new Error(`backend ${backend} did not start`);
  }
  await tf.ready();
  if (backend === 'webgl' && !tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) {
    throw new Error('this WebGL cannot render 32-bit floats');
  }
};

/** Release a model, also the optimizer of a compiled one, which `dispose` leaves (training.ts). */
function release(model) {
  const {optimizer} = model;
  optimizer?.dispose();
  // A Momentum forgets the number that it inherits from SGD (momentum_optimizer.ts).
  if (optimizer?.c?.isDisposed === false) optimizer.c.dispose();
  model.dispose();
}

/**
 * Load the model at `url`, predict `times` times, release everything.
 *
 * An input is {shape, dtype, values}, values flat in row-major order; an output is the same with its
 * name, from the last prediction. `leaked` counts the tensors left behind, `ms` holds the times of
 * loading and predicting.
 */
globalThis.predict = async (url, inputs, {backend = 'cpu', times = 1} = {}) => {
  await useBackend(backend);
  const before = tf.memory().numTensors;
  const held = [];
  let model = null;
  try {
    const start = performance.now();
    model = await tf.loadLayersModel(url);
    const loaded = performance.now();
    const xs = inputsInOrder(model, inputs).map((x) => tf.tensor(x.values, x.shape, x.dtype));
    held.push(...xs);
    const fed = xs.length === 1 ? xs[0] : xs;
    for (let i = 1; i < times; i++) tf.dispose(model.predict(fed));
    const result = model.predict(fed);
    const ys = Array.isArray(result) ? result : [result];
    held.push(...ys);
    const outputs = [];
    for (const [i, y] of ys.entries()) {
      const values = Array.from(await y.data());
      outputs.push({name: model.outputNames[i] ?? '', shape: y.shape, dtype: y.dtype, values});
    }
    const ms = {load: loaded - start, predict: performance.now() - loaded};
    tf.dispose(held.splice(0));
    release(model);
    model = null;
    return {outputs, ms, leaked: tf.memory().numTensors - before};
  } finally {
    tf.dispose(held);
    if (model !== null) release(model);
  }
};
