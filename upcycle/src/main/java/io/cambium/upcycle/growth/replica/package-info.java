/** How a replica's weights differ from its parent's: one file each. */
@NullMarked
package io.cambium.upcycle.growth.replica;

import org.jspecify.annotations.NullMarked;
