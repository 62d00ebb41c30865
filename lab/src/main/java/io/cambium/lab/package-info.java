/** Measurements of training runs, from their run directories. */
package io.cambium.lab;
