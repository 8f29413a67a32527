// Layers that models converted by tfjs-serve may need beside those of TensorFlow.js 4.22.
//
// In an app that imports its own TensorFlow.js, before a model is loaded:
//   import * as tf from '@tensorflow/tfjs';
//   import {register} from './layers.js';
//   register(tf);
// In a page whose `tf` comes from a script tag:
//   <script type="module" src="http://localhost:8000/_tfjs-serve/layers.js"></script>
//
// Nothing is imported here: all comes from the `tf` that is handed in, so that the classes extend
// the very TensorFlow.js that will look them up.

/** The GRU that resets after the matrix product (keras/src/layers/rnn/gru.py, reset_after). */
function gru(tf) {
  // Reads the fields and writes them again, as the GRU of TensorFlow.js does.
  const cellOf = (config) => tf.layers.gruCell({...config, resetAfter: false});

  /**
   * Called on [batch, steps, features], then the initial state if there is one, then, where the
   * field `hasMask` says so, the mask: zeros and ones [batch, steps]. Masks and states that
   * TensorFlow.js hands from layer to layer are not read.
   */
  return class ResetAfterGRU extends tf.layers.Layer {
    static get className() {
      return 'TfjsServeGRU';
    }

    constructor(config) {
      super(config);
      this.cell = cellOf(config);
      this.returnSequences = config.returnSequences === true;
      this.returnState = config.returnState === true;
      this.goBackwards = config.goBackwards === true;
      this.isTurned = config.isTurned === true;
      this.hasMask = config.hasMask === true;
      this.zeroOutputForMask = config.zeroOutputForMask === true;
    }

    build(inputShape) {
      const features = firstShape(inputShape)[2];
      const {cell} = this;
      const width = 3 * cell.units;
      this.kernel = this.addWeight('kernel', [features, width], null, cell.kernelInitializer,
          cell.kernelRegularizer, true, cell.kernelConstraint);
      this.recurrentKernel = this.addWeight('recurrent_kernel', [cell.units, width], null,
          cell.recurrentInitializer, cell.recurrentRegularizer, true, cell.recurrentConstraint);
      if (cell.useBias) {
        this.bias = this.addWeight('bias', [2, width], null, cell.biasInitializer,
            cell.biasRegularizer, true, cell.biasConstraint);
      }
      this.built = true;
    }

    computeOutputShape(inputShape) {
      const [batch, steps] = firstShape(inputShape);
      const state = [batch, this.cell.units];
      const output = this.returnSequences ? [batch, steps, this.cell.units] : state;
      return this.returnState ? [output, state] : output;
    }

    call(inputs, kwargs) {
      return tf.tidy(() => {
        this.invokeCallHook(inputs, kwargs);
        const given = [].concat(inputs);
        const mask = this.hasMask ? given.pop() : null;
        const [x, start = tf.zeros([x.shape[0], this.cell.units])] = given;
        const training = kwargs?.training === true;
        return this.loop(this.project(x, training), start, this.truths(mask), training);
      });
    }

    /** Return what the input adds to the gates, a tensor [batch, 3 * units] for each step. */
    project(x, training) {
      const [batch, steps, features] = x.shape;
      const factors = dropped(tf, [batch, 1, features], this.cell.dropout, training);
      const kept = factors === null ? x : tf.mul(x, factors);
      const rows = tf.reshape(kept, [batch * steps, features]);
      const made = this.biased(tf.matMul(rows, this.kernel.read()), 0);
      return tf.unstack(tf.reshape(made, [batch, steps, 3 * this.cell.units]), 1);
    }

    /** Return the mask as truth values [batch, units], one tensor for each step. */
    truths(mask) {
      if (mask === null) return null;
      const wide = tf.mul(tf.expandDims(mask, 2), tf.ones([1, 1, this.cell.units]));
      return tf.unstack(tf.cast(wide, 'bool'), 1);
    }

    loop(rows, start, masks, training) {
      const shared = {
        kernel: this.recurrentKernel.read(),
        factors: dropped(tf, start.shape, this.cell.recurrentDropout, training),
      };
      const zeros = tf.zerosLike(start);
      let state = start;
      let output = zeros;  // Keras holds what came out last, which is nothing before any step.
      const outputs = [];
      const order = rows.keys();
      for (const step of this.goBackwards ? [...order].reverse() : order) {
        const next = tf.tidy(() => this.step(rows[step], state, shared));
        if (masks === null) {
          output = state = next;
        } else {
          output = tf.where(masks[step], next, this.zeroOutputForMask ? zeros : output);
          state = tf.where(masks[step], next, state);
        }
        outputs.push(output);
      }
      if (this.returnSequences) {
        output = tf.stack(this.isTurned ? outputs.reverse() : outputs, 1);
      }
      return this.returnState ? [output, state] : output;
    }

    step(row, state, {kernel, factors}) {
      const {units, activation, recurrentActivation} = this.cell;
      const before = factors === null ? state : tf.mul(state, factors);
      const inner = this.biased(tf.matMul(before, kernel), 1);
      const [rowGates, rowNew] = tf.split(row, [2 * units, units], 1);
      const [innerGates, innerNew] = tf.split(inner, [2 * units, units], 1);
      const [z, r] = tf.split(recurrentActivation.apply(tf.add(rowGates, innerGates)), 2, 1);
      const candidate = activation.apply(tf.add(rowNew, tf.mul(r, innerNew)));
      return tf.add(tf.mul(z, before), tf.mul(tf.sub(1, z), candidate));
    }

    /** Add the bias of the input (0) or of the state (1). */
    biased(x, side) {
      return this.cell.useBias ? tf.add(x, tf.gather(this.bias.read(), side)) : x;
    }

    getConfig() {
      return {
        ...this.cell.getConfig(),
        ...super.getConfig(),
        returnSequences: this.returnSequences,
        returnState: this.returnState,
        goBackwards: this.goBackwards,
        isTurned: this.isTurned,
        hasMask: this.hasMask,
        zeroOutputForMask: this.zeroOutputForMask,
      };
    }
  };
}

/** The LSTM that convolves over three axes (keras/src/layers/rnn/conv_lstm.py), channels last. */
function convLstm(tf) {
  return class ConvLSTM3D extends tf.layers.Layer {
    static get className() {
      return 'TfjsServeConvLSTM3D';
    }

    constructor(config) {
      super(config);
      const {filters, kernelSize, strides, padding, dilationRate} = config;
      // Reads the other fields and writes them again.
      this.cell = tf.layers.lstmCell({...config, units: filters});
      this.window = {filters, kernelSize, strides, padding, dilationRate};
      this.returnSequences = config.returnSequences === true;
      this.returnState = config.returnState === true;
      this.goBackwards = config.goBackwards === true;
    }

    build(inputShape) {
      const {cell, window: {filters, kernelSize}} = this;
      const channels = firstShape(inputShape)[5];
      const width = 4 * filters;
      this.kernel = this.addWeight('kernel', [...kernelSize, channels, width], null,
          cell.kernelInitializer, cell.kernelRegularizer, true, cell.kernelConstraint);
      this.recurrentKernel = this.addWeight('recurrent_kernel', [...kernelSize, filters, width],
          null, cell.recurrentInitializer, cell.recurrentRegularizer, true,
          cell.recurrentConstraint);
      if (cell.useBias) {
        this.bias = this.addWeight('bias', [width], null, cell.biasInitializer,
            cell.biasRegularizer, true, cell.biasConstraint);
      }
      this.built = true;
    }

    computeOutputShape(inputShape) {
      const [batch, steps, ...image] = firstShape(inputShape);
      const {filters, kernelSize, strides, padding, dilationRate} = this.window;
      const sides = kernelSize.map((size, i) => {
        const left = image[i] - (padding === 'same' ? 0 : (size - 1) * dilationRate[i]);
        return image[i] === null ? null : Math.ceil(left / strides[i]);
      });
      const state = [batch, ...sides, filters];
      const output = this.returnSequences ? [batch, steps, ...sides, filters] : state;
      return this.returnState ? [output, state, state] : output;
    }

    call(inputs, kwargs) {
      return tf.tidy(() => {
        this.invokeCallHook(inputs, kwargs);
        const [x] = [].concat(inputs);
        const [batch, steps, ...image] = x.shape;
        const training = kwargs?.training === true;
        // No backend cuts or stacks tensors of rank 6.
        const rows = tf.unstack(tf.reshape(x, [batch, steps, -1]), 1);
        const {dropout} = this.cell;
        const factors = dropped(tf, [batch, ...image], dropout, training);
        const outputs = [];
        let state = null;
        for (const row of this.goBackwards ? rows.reverse() : rows) {
          state = this.step(tf.reshape(row, [batch, ...image]), state, factors, training);
          outputs.push(tf.reshape(state[0], [batch, -1]));
        }
        const [h, c] = state;
        const output = this.returnSequences ?
          tf.reshape(tf.stack(outputs, 1), [batch, steps, ...h.shape.slice(1)]) : h;
        return this.returnState ? [output, h, c] : output;
      });
    }

    step(x, state, factors, training) {
      const {strides, padding, dilationRate} = this.window;
      const {activation, recurrentActivation, recurrentDropout} = this.cell;
      let gates = tf.conv3d(factors === null ? x : tf.mul(x, factors), this.kernel.read(),
          strides, padding, 'NDHWC', dilationRate);
      if (this.cell.useBias) gates = tf.add(gates, this.bias.read());
      if (state !== null) {
        const kept = dropped(tf, state[0].shape, recurrentDropout, training);
        const h = kept === null ? state[0] : tf.mul(state[0], kept);
        gates = tf.add(gates, tf.conv3d(h, this.recurrentKernel.read(), 1, 'same'));
      }
      const [i, f, n, o] = tf.split(gates, 4, 4);
      const added = tf.mul(recurrentActivation.apply(i), activation.apply(n));
      const c = state === null ? added :
        tf.add(tf.mul(recurrentActivation.apply(f), state[1]), added);
      return [tf.mul(recurrentActivation.apply(o), activation.apply(c)), c];
    }

    getConfig() {
      const {units, ...cell} = this.cell.getConfig();
      const {returnSequences, returnState, goBackwards} = this;
      const own = {...this.window, returnSequences, returnState, goBackwards};
      return {...cell, ...super.getConfig(), ...own};
    }
  };
}

/** One function of TensorFlow.js on tensors and constants, for what no layers compute together. */
function operation(tf) {
  // Keras's name -> the function, of the arguments and, where there are any, of axes. In lower
  // case, since TensorFlow.js turns the case of all strings of a model that it saves.
  const log = (x) => tf.where(tf.equal(x, 0), -Infinity, tf.log(x));  // that of WebGL is finite
  const elementwise = {
    arccos: (x) => tf.sub(Math.PI / 2, tf.asin(x)),  // that of WebGL loses a digit
    arccosh: tf.acosh,
    arcsin: tf.asin,
    arcsinh: tf.asinh,
    arctan: tf.atan,
    arctan2: tf.atan2,
    arctanh: tf.atanh,
    cbrt: (x) => tf.mul(tf.sign(x), tf.pow(tf.abs(x), 1 / 3)),
    ceil: tf.ceil,
    cos: (x) => tf.neg(sine(tf, x, 0.5)),
    cosh: tf.cosh,
    dividenonan: tf.divNoNan,
    erf: tf.erf,
    floor: tf.floor,
    floordivide: (x, y) => tf.floor(tf.div(x, y)),
    fmod: (x, y) => tf.mul(tf.sign(x), tf.mod(tf.abs(x), tf.abs(y))),
    hypot: (x, y) => tf.sqrt(tf.add(tf.square(x), tf.square(y))),
    isfinite: tf.isFinite,
    isinf: tf.isInf,
    isnan: tf.isNaN,
    isneginf: (x) => tf.equal(x, -Infinity),
    isposinf: (x) => tf.equal(x, Infinity),
    log,
    log10: (x) => tf.mul(log(x), Math.LOG10E),
    log1p: tf.log1p,
    log2: (x) => tf.mul(log(x), Math.LOG2E),
    mod: tf.mod,
    multiplynonan: (x, y) => tf.where(tf.equal(y, 0), 0, tf.mul(x, y)),
    power: tf.pow,
    quotient: tf.div,
    round: tf.round,
    rsqrt: tf.rsqrt,
    sin: (x) => sine(tf, x, 0),
    sinc: (x) => {
      const turned = tf.mul(x, Math.PI);
      return tf.where(tf.equal(x, 0), 1, tf.div(sine(tf, turned, 0), turned));
    },
    sinh: tf.sinh,
    sqrt: tf.sqrt,
    tan: (x) => tf.neg(tf.div(sine(tf, x, 0), sine(tf, x, 0.5))),
    trunc: (x) => tf.where(tf.less(x, 0), tf.ceil(x), tf.floor(x)),
    where: (c, x, y) => tf.where(tf.notEqual(c, 0), x, y),
  };
  const reductions = {
    argmax: (x, [axis]) => tf.argMax(x, axis),
    argmin: (x, [axis]) => tf.argMin(x, axis),
    prod: tf.prod,
  };
  const rising = (x) => tf.topk(tf.neg(x), x.shape[x.rank - 1]);
  const reorderings = {
    argsort: (x) => rising(x).indices,
    cumprod: (x, [axis]) => tf.cumprod(x, axis),
    cumsum: (x, [axis]) => tf.cumsum(x, axis),
    flip: (x, [axis]) => tf.reverse(x, axis),
    sort: (x) => tf.neg(rising(x).values),
  };
  const pickings = {
    // Of flat rows, since that of wasm with batchDims takes those of other samples.
    gather: (x, places, [axis]) => {
      const [ahead, [size, ...behind]] = [x.shape.slice(0, axis), x.shape.slice(axis)];
      const rows = tf.util.sizeFromShape(ahead);
      const first = tf.reshape(tf.range(0, rows * size, size, 'int32'), [rows, 1]);
      const flat = tf.add(tf.reshape(tf.cast(places, 'int32'), [rows, -1]), first);
      const taken = tf.gather(tf.reshape(x, [rows * size, ...behind]), tf.reshape(flat, [-1]));
      return tf.reshape(taken, [...ahead, ...places.shape.slice(axis), ...behind]);
    },
  };
  const products = {
    matmul: (x, y) => tf.matMul(x, y),
  };
  const functions = {...elementwise, ...reductions, ...reorderings, ...pickings, ...products};

  /** `constants` holds the arguments in order, null for each that is a tensor. */
  return class Operation extends tf.layers.Layer {
    static get className() {
      return 'TfjsServeOperation';
    }

    constructor(config) {
      super(config);
      this.operation = config.operation;
      this.constants = config.constants;
      this.axes = config.axes ?? null;
      this.keepdims = config.keepdims === true;
    }

    computeOutputShape(inputShape) {
      const shapes = Array.isArray(inputShape[0]) ? inputShape : [inputShape];
      if (this.operation in products) {
        const [one, other] = shapes;
        return [...one.slice(0, -1), other[other.length - 1]];
      }
      if (this.axes === null) {
        const fixed = this.constants.filter((value) => value !== null);
        return [...shapes, ...fixed.map(shapeOf)].reduce(broadcast);
      }
      const [shape, places] = shapes;
      if (this.operation in reorderings) return shape;
      if (this.operation in pickings) {
        const [axis] = this.axes;
        return [...shape.slice(0, axis), ...places.slice(axis), ...shape.slice(axis + 1)];
      }
      if (this.keepdims) return shape.map((size, i) => this.axes.includes(i) ? 1 : size);
      return shape.filter((_, i) => !this.axes.includes(i));
    }

    call(inputs, kwargs) {
      return tf.tidy(() => {
        this.invokeCallHook(inputs, kwargs);
        const tensors = [].concat(inputs);
        const args = this.constants.map((value) =>
          value === null ? tf.cast(tensors.shift(), 'float32') : tf.tensor(value));
        const made = tf.cast(functions[this.operation](...args, this.axes), 'float32');
        return this.keepdims ? tf.reshape(made, this.computeOutputShape(args[0].shape)) : made;
      });
    }

    getConfig() {
      const {operation, constants, axes, keepdims} = this;
      return {...super.getConfig(), operation, constants, axes, keepdims};
    }
  };
}

/** An activation of a recurrent layer, which applies it inside, where no other layer can. */
function activation(tf) {
  const above = (x, bound) => tf.relu(tf.sub(x, bound));
  const below = (x, alpha) => tf.mul(alpha, tf.elu(tf.div(tf.minimum(x, 0), alpha)));
  const hardSigmoid = (x) => tf.div(tf.relu6(tf.add(x, 3)), 6);

  // Keras's name -> the function (keras/src/ops/nn.py, ReLU: layers/activations/relu.py).
  const functions = {
    celu: (x, alpha) => tf.add(tf.relu(x), below(x, alpha)),
    elu: (x, alpha) => tf.add(tf.relu(x), tf.mul(alpha, tf.elu(tf.minimum(x, 0)))),
    exponential: tf.exp,
    hard_shrink: (x, bound) => tf.where(tf.greater(tf.abs(x), bound), x, tf.zerosLike(x)),
    hard_sigmoid: hardSigmoid,
    hard_silu: (x) => tf.mul(x, hardSigmoid(x)),
    hard_tanh: (x) => tf.clipByValue(x, -1, 1),
    leaky_relu: (x, slope) => tf.leakyRelu(x, slope),
    log_sigmoid: tf.logSigmoid,
    relu: (x, slope, bound, most = Infinity) => tf.where(tf.greaterEqual(x, bound),
        tf.minimum(x, most), tf.mul(tf.sub(x, bound), slope)),
    soft_shrink: (x, bound) => tf.sub(above(x, bound), above(tf.neg(x), bound)),
    sparse_plus: (x) => tf.add(above(x, 1), tf.div(tf.square(tf.clipByValue(x, -1, 1).add(1)), 4)),
    sparse_sigmoid: (x) => tf.div(tf.add(tf.clipByValue(x, -1, 1), 1), 2),
    sparsemax: (x) => sparsemax(tf, x),
    squareplus: (x, b) => tf.div(tf.add(x, tf.sqrt(tf.add(tf.square(x), b))), 2),
    tanh_shrink: (x) => tf.sub(x, tf.tanh(x)),
    threshold: (x, bound) => tf.where(tf.greater(x, bound), x, tf.zerosLike(x)),
  };

  return class OwnActivation extends tf.serialization.Serializable {
    static get className() {
      return 'TfjsServeActivation';
    }

    constructor({name, parameters}) {
      super();
      this.name = name;
      this.parameters = parameters;
    }

    apply(x) {
      return tf.tidy(() => functions[this.name](x, ...this.parameters));
    }

    /** A layer writes this as its activation, and makes the activation of it again. */
    getClassName() {
      return {className: OwnActivation.className, config: this.getConfig()};
    }

    getConfig() {
      return {name: this.name, parameters: this.parameters};
    }
  };
}

/** Where numbers stand in a table, or between boundaries, and their encoding as zeros and ones. */
function lookup(tf) {
  /**
   * With `boundaries`: how many of them are not above a number. With `keys`, in rising order: that
   * of `indices` at the place of the number, for others `start` + the number modulo `count`. With
   * neither: the number itself. The encoding is "int", "onehot", "multihot" or "count".
   */
  return class Lookup extends tf.layers.Layer {
    static get className() {
      return 'TfjsServeLookup';
    }

    constructor(config) {
      super(config);
      this.boundaries = config.boundaries ?? null;
      this.keys = config.keys ?? null;
      this.indices = config.indices ?? null;
      this.start = config.start ?? 0;
      this.count = config.count ?? 1;
      this.encoding = config.encoding;
      this.depth = config.depth ?? null;
    }

    computeOutputShape(inputShape) {
      const shape = firstShape(inputShape);
      if (this.encoding === 'int') return shape;
      const isRow = this.encoding !== 'onehot' || shape[shape.length - 1] === 1;
      return [...(isRow ? shape.slice(0, -1) : shape), this.depth];
    }

    call(inputs, kwargs) {
      return tf.tidy(() => {
        this.invokeCallHook(inputs, kwargs);
        const [input] = [].concat(inputs);
        const x = tf.reshape(tf.cast(input, 'float32'), [-1]);
        const indices = tf.reshape(tf.cast(this.indicesOf(x), 'float32'), input.shape);
        return this.encoding === 'int' ? indices : this.encoded(indices);
      });
    }

    indicesOf(x) {
      if (this.boundaries !== null) return tf.searchSorted(this.boundaries, x, 'right');
      if (this.keys === null) return x;
      const keys = tf.tensor1d(this.keys, 'float32');
      const last = tf.scalar(this.keys.length - 1, 'int32');
      const place = tf.minimum(tf.searchSorted(keys, x), last);
      const isKey = tf.equal(tf.gather(keys, place), x);
      // A quotient may be off by a digit: of whole numbers, half of one more changes no floor.
      const quotient = tf.floor(tf.div(tf.add(x, 0.5), this.count));
      const other = tf.add(tf.sub(x, tf.mul(quotient, this.count)), this.start);
      return tf.where(isKey, tf.gather(tf.tensor1d(this.indices, 'float32'), place), other);
    }

    encoded(indices) {
      const classes = tf.range(0, this.depth, 1, 'float32');
      const hot = tf.cast(tf.equal(tf.expandDims(indices, -1), classes), 'float32');
      if (this.encoding === 'count') return tf.sum(hot, -2);
      // One row for each sample, but for several tokens that are kept apart.
      const isRow = this.encoding !== 'onehot' || indices.shape[indices.rank - 1] === 1;
      return isRow ? tf.max(hot, -2) : hot;
    }

    getConfig() {
      const {boundaries, keys, indices, start, count, encoding, depth} = this;
      return {...super.getConfig(), boundaries, keys, indices, start, count, encoding, depth};
    }
  };
}

/** Images of any size, brought to a size or made larger by whole factors. */
function resize(tf) {
  /** Called on [batch, height, width, channels]; pixels have their places at their middles. */
  return class Resize extends tf.layers.Layer {
    static get className() {
      return 'TfjsServeResize';
    }

    constructor(config) {
      super(config);
      this.size = config.size ?? null;
      this.factors = config.factors ?? null;
      this.method = config.method;
    }

    computeOutputShape(inputShape) {
      const [batch, height, width, channels] = firstShape(inputShape);
      return [batch, ...this.sizeOf(height, width), channels];
    }

    sizeOf(...lengths) {
      if (this.size !== null) return this.size;
      return lengths.map((length, i) => length === null ? null : length * this.factors[i]);
    }

    call(inputs, kwargs) {
      return tf.tidy(() => {
        this.invokeCallHook(inputs, kwargs);
        const [x] = [].concat(inputs);
        const [, height, width] = x.shape;
        const {resizeBilinear, resizeNearestNeighbor} = tf.image;
        const resized = this.method === 'nearest' ? resizeNearestNeighbor : resizeBilinear;
        return resized(tf.cast(x, 'float32'), this.sizeOf(height, width), false, true);
      });
    }

    getConfig() {
      const {size, factors, method} = this;
      return {...super.getConfig(), size, factors, method};
    }
  };
}

/**
 * Return sin(x) for a shift of 0, -cos(x) for 1/2.
 *
 * That of WebGL is off by 2e-4 (measured; Vulkan allows 2^-11 between -pi and pi). Here x is
 * brought to [-pi/2, pi/2] by half turns, with pi in three parts so that no digit is lost, and
 * the series of the sine is right to 6e-8 there.
 */
function sine(tf, x, shift) {
  const halfTurns = tf.round(tf.sub(tf.mul(x, 1 / Math.PI), shift));
  const taken = tf.add(halfTurns, shift);
  const rest = [3.140625, 9.67502593994140625e-4, 1.509957990978376432e-7].reduce(
      (left, part) => tf.sub(left, tf.mul(taken, part)), x);
  const square = tf.square(rest);
  const series = [-1 / 39916800, 1 / 362880, -1 / 5040, 1 / 120, -1 / 6, 1].reduce(
      (sum, term) => tf.add(tf.mul(sum, square), term), tf.zerosLike(x));
  const odd = tf.sub(halfTurns, tf.mul(tf.floor(tf.mul(halfTurns, 0.5)), 2));
  return tf.mul(tf.mul(rest, series), tf.sub(1, tf.mul(odd, 2)));
}

/** Return the sparsemax of the last axis, as Keras computes it (backend/tensorflow/nn.py). */
function sparsemax(tf, x) {
  const width = x.shape[x.shape.length - 1];
  const {values} = tf.topk(x, width);
  const sums = tf.cumsum(values, x.rank - 1);  // TensorFlow.js does not count axes from the end
  const bounds = tf.div(tf.sub(sums, 1), tf.range(1, width + 1));
  const counts = tf.cast(tf.greater(values, bounds), 'float32');
  const total = tf.sum(tf.mul(sums, counts), -1, true);
  return tf.relu(tf.sub(x, tf.div(tf.sub(total, 1), tf.sum(counts, -1, true))));
}

/** Return the shape of a number or of nested lists. */
function shapeOf(value) {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}

/** Return the shape of two tensors together; an unknown length is null. */
function broadcast(one, other) {
  const [long, short] = one.length < other.length ? [other, one] : [one, other];
  const missing = long.length - short.length;
  return long.map((size, i) => {
    const beside = i < missing ? 1 : short[i - missing];
    return size === 1 ? beside : beside === 1 ? size : size === null ? null : beside && size;
  });
}

/** Return the factors of a dropout, the same for all steps; null where nothing is dropped. */
function dropped(tf, shape, rate, training) {
  return training && rate > 0 ? tf.dropout(tf.ones(shape), rate) : null;
}

function firstShape(inputShape) {
  return Array.isArray(inputShape[0]) ? inputShape[0] : inputShape;
}

const DEFINITIONS = [gru, convLstm, operation, lookup, resize, activation];

const known = new WeakSet();

/** Make the classes known to a TensorFlow.js; again does no harm. */
export function register(tf) {
  if (known.has(tf)) return;
  for (const define of DEFINITIONS) tf.serialization.registerClass(define(tf));
  known.add(tf);
}

if (globalThis.tf) register(globalThis.tf);
