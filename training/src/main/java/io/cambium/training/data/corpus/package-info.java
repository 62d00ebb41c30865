/**
 * From documents to a corpus directory: where the text comes from (the demo's jars, a user's
 * files), how it is split, and how it is written.
 */
package io.cambium.training.data.corpus;
