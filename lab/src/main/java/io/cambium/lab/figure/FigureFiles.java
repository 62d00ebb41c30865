package io.cambium.lab.figure;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.StagedDirectory;
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
   * Writes {@code <name>.csv} and {@code <name>.png} of each figure into a directory that appears
   * when it is complete, and holds nothing else.
   *
   * @param overwrite whether an existing directory is replaced, with all that is in it
   * @throws io.cambium.checkpoint.UsageException if it exists and may not be replaced
   * @throws CheckpointException if the directory cannot be written
   */
  public static void write(Path directory, List<Figure> figures, boolean overwrite) {
    Set<String> names = new HashSet<>();
    try (StagedDirectory staged = StagedDirectory.create(directory, overwrite)) {
      for (Figure figure : figures) {
        if (!names.add(figure.name())) {
          throw new IllegalArgumentException("two figures are called " + figure.name());
        }
        Files.writeString(staged.path().resolve(figure.name() + ".csv"), FigureCsv.of(figure));
        Path png = staged.path().resolve(figure.name() + ".png");
        ImageIO.write(Picture.of(figure), "png", png.toFile());
      }
      staged.commit();
    } catch (IOException e) {
      throw CheckpointException.unwritable(directory, e);
    }
  }
}
