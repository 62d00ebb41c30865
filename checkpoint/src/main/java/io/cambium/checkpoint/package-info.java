/**
 * Checkpoints on disk: safetensors files, Hugging Face directories, config.json, and the manifest
 * of how a model grew. Everything is checked before it is used, and nothing half-written ever has
 * its final name.
 */
@NullMarked
package io.cambium.checkpoint;

import org.jspecify.annotations.NullMarked;
