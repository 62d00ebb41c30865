/** Where a new router's rows come from: one file each. */
@NullMarked
package io.cambium.upcycle.dense.router;

import org.jspecify.annotations.NullMarked;
