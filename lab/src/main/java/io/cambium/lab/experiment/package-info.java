/** Experiments: arms times seeds on one budget, with the runs that they share trained once. */
package io.cambium.lab.experiment;
