/**
 * The processes of one run: who they are (torchrun's environment variables), how they exchange
 * tensors (c10d with Gloo), and how each learns that another is lost.
 */
package io.cambium.training.distributed;
