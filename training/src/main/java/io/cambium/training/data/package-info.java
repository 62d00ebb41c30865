/** Text to tokens: tokenizers, token shards, and the corpus directory they make up. */
package io.cambium.training.data;
