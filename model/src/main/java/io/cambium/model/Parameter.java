package io.cambium.model;

import io.cambium.checkpoint.family.ModelTensor;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/**
 * A trained tensor.
 *
 * @param value the weights
 * @param gradients where its gradient lies after a backward pass, to be added up in this order: one
 *     for each worker, or a single one for a routed expert's
 */
public record Parameter(ModelTensor tensor, Tensor value, Supplier<List<Tensor>> gradients) {}
