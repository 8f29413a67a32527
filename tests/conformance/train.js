// Evaluates, and trains for one step, as any page would that finds a model compiled.
async (url, inputs, targets) => {
  const tensors = (items) => items.map((item) => tf.tensor(item.values, item.shape, item.dtype));
  const listed = (value) => (Array.isArray(value) ? value : [value]);
  const sole = (items) => (items.length === 1 ? items[0] : items);
  await tf.setBackend('cpu');
  const model = await tf.loadLayersModel(url);
  const xs = tensors(inputs);
  const ys = tensors(targets);
  const batchSize = xs[0].shape[0];
  const results = listed(model.evaluate(sole(xs), sole(ys), {batchSize}));
  const evaluated = results.map((result) => result.dataSync()[0]);
  const options = {batchSize, epochs: 1, shuffle: false};
  const {history} = await model.fit(sole(xs), sole(ys), options);
  const outputs = listed(model.predict(sole(xs))).map((y) => Array.from(y.dataSync()));
  tf.disposeVariables();
  return {evaluated, loss: history.loss[0], names: model.metricsNames, outputs};
}
