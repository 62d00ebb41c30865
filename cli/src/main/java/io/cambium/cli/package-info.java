/** The command line: one file for each command, what they share, and nothing that computes. */
package io.cambium.cli;
