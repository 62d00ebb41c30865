/** The demo: what it compares, what it found, and how it says so. */
package io.cambium.lab.demo;
