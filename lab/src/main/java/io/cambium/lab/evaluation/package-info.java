/** How good a checkpoint is, on text and on questions. */
@NullMarked
package io.cambium.lab.evaluation;

import org.jspecify.annotations.NullMarked;
