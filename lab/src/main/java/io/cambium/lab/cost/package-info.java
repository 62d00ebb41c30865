/** What a run would cost on given hardware, and what growing would save of it (docs/decide.md). */
@NullMarked
package io.cambium.lab.cost;

import org.jspecify.annotations.NullMarked;
