package io.cambium.checkpoint;

/**
 * Something wrong with a checkpoint directory. Opening one throws the first, a check lists them
 * all.
 *
 * @param place the file or tensor
 * @param what what is wrong there
 * @param remedy what the user can do
 */
public record Fault(FaultKind kind, String place, String what, String remedy) {

  Fault(FaultKind kind, Object place, String what) {
    this(kind, place.toString(), what, kind.remedy());
  }

  /** What a reader threw. */
  public static Fault of(FaultKind kind, CambiumException e) {
    return new Fault(kind, e.place(), e.what(), e.remedy() == null ? kind.remedy() : e.remedy());
  }

  /** As opening throws it. */
  CheckpointException exception() {
    return new CheckpointException(place, what, remedy);
  }

  /** Throws it, for a reader that is not to go on. */
  static void raise(Fault fault) {
    throw fault.exception();
  }
}
