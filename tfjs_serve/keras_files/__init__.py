"""What Keras wrote: guarded reading of model files."""
