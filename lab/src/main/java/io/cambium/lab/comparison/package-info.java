/** Models trained on the same tokens, side by side: what each cost and what it reached. */
package io.cambium.lab.comparison;
