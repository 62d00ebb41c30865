package io.cambium.upcycle;

import io.cambium.checkpoint.Manifest;
import java.util.List;

/**
 * A growth step that was carried out.
 *
 * @param growth what the manifest says about it
 * @param verification what reopening the result has shown
 * @param figures sizes before and after
 * @param warnings what a user should know before going on
 */
public record GrowthResult(
    Manifest.Growth growth,
    Verification verification,
    UpcyclePlan.Figures figures,
    List<String> warnings) {}
