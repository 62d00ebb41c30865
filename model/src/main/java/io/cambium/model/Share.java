package io.cambium.model;

/** A member's part of work that is cut into contiguous pieces as equal as can be. */
public final class Share {

  private Share() {}

  /** The first item of a member's share. */
  public static int start(int items, Team.Member member) {
    return start(items, member, ProcessGroup.ALONE);
  }

  /** One past the last item of a member's share. */
  public static int end(int items, Team.Member member) {
    return end(items, member, ProcessGroup.ALONE);
  }

  /** The first item of a member's share, where the teams of all ranks share the work. */
  public static int start(int items, Team.Member member, ProcessGroup ranks) {
    return boundary(items, member, ranks, member.index());
  }

  /** One past the last item of that share. */
  public static int end(int items, Team.Member member, ProcessGroup ranks) {
    return boundary(items, member, ranks, member.index() + 1);
  }

  private static int boundary(int items, Team.Member member, ProcessGroup ranks, int index) {
    long before = (long) ranks.rank() * member.teamSize() + index;
    return (int) (items * before / ((long) ranks.size() * member.teamSize()));
  }
}
