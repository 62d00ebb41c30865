/** Which experts get copies: their scores, and how scores become counts (docs/decide.md). */
@NullMarked
package io.cambium.upcycle.utility;

import org.jspecify.annotations.NullMarked;
