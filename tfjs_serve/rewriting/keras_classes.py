"""Every layer class that Keras 2.15 or 3.15 itself defines, to tell custom ones apart.

Read off `keras.layers` of both versions; ends with the classes tf.keras 2 makes on its own for
operators and functions, and those of earlier versions.
"""

from __future__ import annotations

_RANKS = ("1D", "2D", "3D")

_RANKED = (
    *("AdaptiveAveragePooling", "AdaptiveMaxPooling", "AveragePooling", "Conv", "ConvLSTM"),
    *("Cropping", "GlobalAveragePooling", "GlobalMaxPooling", "LocallyConnected", "MaxPooling"),
    *("SpatialDropout", "UpSampling", "ZeroPadding"),
)

KERAS_CLASSES = frozenset(
    (
        *(f"{name}{rank}" for name in _RANKED for rank in _RANKS),
        *(f"Conv{rank}Transpose" for rank in _RANKS),
        *("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
        *("Activation", "ActivityRegularization", "AlphaDropout", "Dense", "Dropout"),
        *("EinsumDense", "Embedding", "Flatten", "GaussianDropout", "GaussianNoise", "Identity"),
        *("InputLayer", "Masking", "Permute", "RepeatVector", "Reshape", "ReversibleEmbedding"),
        *("ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax", "ThresholdedReLU"),
        *("Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"),
        *("AdditiveAttention", "Attention", "GroupedQueryAttention", "MultiHeadAttention"),
        *("BatchNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization"),
        *("Normalization", "SpectralNormalization", "UnitNormalization"),
        *("Bidirectional", "GRU", "GRUCell", "LSTM", "LSTMCell", "RNN", "SimpleRNN"),
        *("SimpleRNNCell", "StackedRNNCells", "TimeDistributed", "Wrapper", "CuDNNGRU"),
        *("CuDNNLSTM", "AbstractRNNCell"),
        *("CategoryEncoding", "DenseFeatures", "Discretization", "HashedCrossing", "Hashing"),
        *("IntegerLookup", "MelSpectrogram", "STFTSpectrogram", "StringLookup"),
        *("TextVectorization", "CenterCrop", "Rescaling", "Resizing", "Pipeline"),
        *("AugMix", "AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization", "CutMix"),
        *("Equalization", "MaxNumBoundingBoxes", "MixUp", "RandAugment", "Solarization"),
        *("RandomBrightness", "RandomColorDegeneration", "RandomColorJitter", "RandomContrast"),
        *("RandomCrop", "RandomElasticTransform", "RandomErasing", "RandomFlip"),
        *("RandomGaussianBlur", "RandomGrayscale", "RandomHeight", "RandomHue", "RandomInvert"),
        *("RandomPerspective", "RandomPosterization", "RandomRotation", "RandomSaturation"),
        *("RandomSharpness", "RandomShear", "RandomTranslation", "RandomWidth", "RandomZoom"),
        *("FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"),
        *("TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceMethod", "InstanceProperty"),
        *("TensorFlowOpLayer", "AddV2", "Highway", "MaxoutDense", "Merge"),
    )
)
