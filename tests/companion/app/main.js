// What an app does: its own TensorFlow.js from npm, and layers.js from `convert --companion`.

import * as tf from '@tensorflow/tfjs';
import {register} from './layers.js';

register(tf);

globalThis.predictInApp = async (url, inputs) => {
  const model = await tf.loadLayersModel(url);
  const xs = inputs.map((x) => tf.tensor(x.values, x.shape, x.dtype));
  const ys = [].concat(model.predict(xs.length === 1 ? xs[0] : xs));
  return ys.map((y) => ({shape: y.shape, values: Array.from(y.dataSync())}));
};
