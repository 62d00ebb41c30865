/** How the experts made of a dense block differ: one file each. */
@NullMarked
package io.cambium.upcycle.dense.expert;

import org.jspecify.annotations.NullMarked;
