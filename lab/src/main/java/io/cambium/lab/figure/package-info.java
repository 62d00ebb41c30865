/** Figures as numbers, as CSV and as pictures, for whoever wants them outside a report's page. */
package io.cambium.lab.figure;
