/** What each engine does with a checkpoint, as rules that were found by running it. */
@NullMarked
package io.cambium.upcycle.engine;

import org.jspecify.annotations.NullMarked;
