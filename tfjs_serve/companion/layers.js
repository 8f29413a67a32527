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
      const factors = this.factors([batch, 1, features], this.cell.dropout, training);
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
        factors: this.factors(start.shape, this.cell.recurrentDropout, training),
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

    /** Return the factors of a dropout, the same for all steps; null where nothing is dropped. */
    factors(shape, rate, training) {
      return training && rate > 0 ? tf.dropout(tf.ones(shape), rate) : null;
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

/** One function of TensorFlow.js on tensors and constants, for what no layers compute together. */
function operation(tf) {
  // Keras's name -> the function, of the arguments and, where there are any, of axes. In lower
  // case, since TensorFlow.js turns the case of all strings of a model that it saves.
  const functions = {
    arccos: (x) => tf.sub(Math.PI / 2, tf.asin(x)),  // that of WebGL loses a digit
    arccosh: tf.acosh,
    arcsin: tf.asin,
    arcsinh: tf.asinh,
    arctan: tf.atan,
    arctan2: tf.atan2,
    arctanh: tf.atanh,
    ceil: tf.ceil,
    cos: (x) => tf.neg(sine(tf, x, 0.5)),
    cosh: tf.cosh,
    erf: tf.erf,
    floor: tf.floor,
    log: tf.log,
    log1p: tf.log1p,
    power: tf.pow,
    round: tf.round,
    rsqrt: tf.rsqrt,
    sin: (x) => sine(tf, x, 0),
    sinh: tf.sinh,
    sqrt: tf.sqrt,
    where: (c, x, y) => tf.where(tf.notEqual(c, 0), x, y),
    tan: (x) => tf.neg(tf.div(sine(tf, x, 0), sine(tf, x, 0.5))),
    argmax: (x, [axis]) => tf.argMax(x, axis),
    argmin: (x, [axis]) => tf.argMin(x, axis),
    prod: tf.prod,
  };

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
      if (this.axes === null) {
        const fixed = this.constants.filter((value) => value !== null);
        return [...shapes, ...fixed.map(shapeOf)].reduce(broadcast);
      }
      const [shape] = shapes;
      if (this.keepdims) return shape.map((size, i) => this.axes.includes(i) ? 1 : size);
      return shape.filter((_, i) => !this.axes.includes(i));
    }

    call(inputs, kwargs) {
      return tf.tidy(() => {
        this.invokeCallHook(inputs, kwargs);
        const tensors = [].concat(inputs);
        const args = this.constants.map((value) =>
          value === null ? tf.cast(tensors.shift(), 'float32') : tf.tensor(value));
        const call = functions[this.operation];
        if (this.axes === null) return call(...args);
        const made = tf.cast(call(args[0], this.axes), 'float32');
        return this.keepdims ? tf.reshape(made, this.computeOutputShape(args[0].shape)) : made;
      });
    }

    getConfig() {
      const {operation, constants, axes, keepdims} = this;
      return {...super.getConfig(), operation, constants, axes, keepdims};
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

function firstShape(inputShape) {
  return Array.isArray(inputShape[0]) ? inputShape[0] : inputShape;
}

const DEFINITIONS = [gru, operation];

const known = new WeakSet();

/** Make the classes known to a TensorFlow.js; again does no harm. */
export function register(tf) {
  if (known.has(tf)) return;
  for (const define of DEFINITIONS) tf.serialization.registerClass(define(tf));
  known.add(tf);
}

if (globalThis.tf) register(globalThis.tf);
