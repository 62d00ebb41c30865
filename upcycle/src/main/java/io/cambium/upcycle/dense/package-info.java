/** Sparse upcycling: experts from dense blocks (arXiv 2212.05055, 2410.07524). */
@NullMarked
package io.cambium.upcycle.dense;

import org.jspecify.annotations.NullMarked;
