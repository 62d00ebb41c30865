package io.cambium.lab.figure;

import io.cambium.checkpoint.TrainingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.imageio.ImageIO;

/** Writes figures as files: of each its numbers as CSV, and a picture as PNG. */
public final class FigureFiles {

  private FigureFiles() {}

  /**
   * Writes {@code <name>.csv} and {@code <name>.png} of each figure, over existing ones.
   *
   * @throws TrainingException if the directory cannot be written
   */
  public static void write(Path directory, List<Figure> figures) {
    Set<String> names = new HashSet<>();
    try {
      Files.createDirectories(directory);
      for (Figure figure : figures) {
        if (!names.add(figure.name())) {
          throw new IllegalArgumentException("two figures are called " + figure.name());
        }
        Files.writeString(directory.resolve(figure.name() + ".csv"), Csv.of(figure));
        Path png = directory.resolve(figure.name() + ".png");
        ImageIO.write(Picture.of(figure), "png", png.toFile());
      }
    } catch (IOException e) {
      throw new TrainingException(
          directory, "cannot be written: " + e, "check free space and permissions", e);
    }
  }
}
