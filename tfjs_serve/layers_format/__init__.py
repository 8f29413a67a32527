"""What TensorFlow.js reads: the Layers format as data."""
