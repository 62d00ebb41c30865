/** The demo: which models it trains, how, and in which order. */
package io.cambium.lab.demo;
