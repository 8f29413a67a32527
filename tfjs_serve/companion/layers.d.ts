/** What is needed of `@tensorflow/tfjs`, 4.22 or a compatible version. */
interface TensorFlow {
  readonly layers: {readonly gruCell: unknown; readonly Layer: unknown};
  readonly serialization: {readonly registerClass: unknown};
  readonly tidy: unknown;
}

/**
 * Make the classes that models of tfjs-serve may need known to `tf`; again does no harm.
 *
 * Call it before `tf.loadLayersModel`. Where a global `tf` exists, importing the module is enough.
 */
export declare function register(tf: TensorFlow): void;
