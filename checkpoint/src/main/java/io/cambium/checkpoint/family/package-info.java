/**
 * Model families as data: what their config.json says, which tensors their checkpoints hold, and
 * the decoder that follows, free of any family's names.
 */
@NullMarked
package io.cambium.checkpoint.family;

import org.jspecify.annotations.NullMarked;
