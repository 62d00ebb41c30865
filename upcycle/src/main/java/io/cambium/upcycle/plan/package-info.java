/** What a conversion will do, known before the first weight is written. */
@NullMarked
package io.cambium.upcycle.plan;

import org.jspecify.annotations.NullMarked;
