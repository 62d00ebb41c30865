/**
 * Checkpoints on the Hugging Face Hub, or on a server that speaks as it does: their files come into
 * the cache that the huggingface_hub package keeps, as it would put them there, and from it.
 */
@NullMarked
package io.cambium.checkpoint.hub;

import org.jspecify.annotations.NullMarked;
