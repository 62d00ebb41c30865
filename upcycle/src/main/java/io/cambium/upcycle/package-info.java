/**
 * The operators that give a model more experts: plan, execute, verify.
 *
 * <p>Shape suffixes in this module: B batch, S sequence, V vocabulary, D hidden size, E experts of
 * the source, N experts of the target, I width of an expert, r siblings of one lineage.
 */
@NullMarked
package io.cambium.upcycle;

import org.jspecify.annotations.NullMarked;
