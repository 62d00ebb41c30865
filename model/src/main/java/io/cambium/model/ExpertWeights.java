package io.cambium.model;

import org.bytedeco.pytorch.Tensor;

/** One SwiGLU expert's matrices, or their gradients: {@code down(silu(gate(x)) * up(x))}. D hidden, F expert width. */
record ExpertWeights(Tensor gate_FD, Tensor up_FD, Tensor down_DF) {}
