/** Expert upcycling: more experts from fewer (arXiv 2604.19835). */
@NullMarked
package io.cambium.upcycle.growth;

import org.jspecify.annotations.NullMarked;
