/** Which experts get copies: their scores, and how scores become counts (method 2.4). */
@NullMarked
package io.cambium.upcycle.utility;

import org.jspecify.annotations.NullMarked;
