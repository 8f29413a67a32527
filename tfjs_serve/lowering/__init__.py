"""What rules that lower a layer share: ways to compute something by layers tfjs has."""
