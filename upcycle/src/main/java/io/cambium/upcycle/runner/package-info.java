/** What this module asks of a model that runs, which the model module answers. */
@NullMarked
package io.cambium.upcycle.runner;

import org.jspecify.annotations.NullMarked;
