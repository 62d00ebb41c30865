/**
 * Jinja2 templates of checkpoints, rendered by jinjava with the meaning that jinja2 gives them, or
 * refused.
 */
package io.cambium.training.data.template;
