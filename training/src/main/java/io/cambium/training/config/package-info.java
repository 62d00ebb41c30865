/** What a training run does: typed records that check themselves, read from run.yaml. */
package io.cambium.training.config;
