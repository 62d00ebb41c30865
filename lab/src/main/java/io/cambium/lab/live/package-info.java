/** A run as it goes on, read from its directory only. */
package io.cambium.lab.live;
