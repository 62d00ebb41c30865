package io.cambium.model;

/** A member's part of work that is cut into contiguous pieces as equal as can be. */
public final class Share {

  private Share() {}

  /** The first item of a member's share. */
  public static int start(int items, Team.Member member) {
    return (int) ((long) items * member.index() / member.teamSize());
  }

  /** One past the last item of a member's share. */
  public static int end(int items, Team.Member member) {
    return (int) ((long) items * (member.index() + 1) / member.teamSize());
  }
}
