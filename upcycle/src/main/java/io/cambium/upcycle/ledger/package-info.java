/** The ledger: every tensor of the result as a formula over named source tensors. */
@NullMarked
package io.cambium.upcycle.ledger;

import org.jspecify.annotations.NullMarked;
