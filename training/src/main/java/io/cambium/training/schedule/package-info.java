/** The learning rate over the steps of a run, and what goes with it. */
package io.cambium.training.schedule;
