/** The report: one HTML file that holds everything it shows and asks the network for nothing. */
package io.cambium.lab.report;
