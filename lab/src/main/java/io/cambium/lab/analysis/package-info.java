/**
 * What a checkpoint's experts do with text: where tokens go, what each expert serves, how alike the
 * experts are, and what changed since another checkpoint (docs/analyse.md).
 */
package io.cambium.lab.analysis;
