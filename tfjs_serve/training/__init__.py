"""What a model was compiled with, for the browser to evaluate it and to train it further."""

from tfjs_serve.training.objects import object_name
from tfjs_serve.training.served import Output, Trained
from tfjs_serve.training.translate import Training, translate_training

__all__ = ["Output", "Trained", "Training", "object_name", "translate_training"]
