/** Alarms: each hears a run's events and speaks when something is wrong. */
package io.cambium.training.alarm;
