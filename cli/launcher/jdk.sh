# find_jdk prints the home of a JDK 25, or says on standard error what to do and fails with 2.

# Every JDK says its version in a file: asking it would start it.
is_jdk_25() {
  [ -x "$1/bin/javac" ] && [ -f "$1/release" ] && grep -q '^JAVA_VERSION="25[".]' "$1/release"
}

# The home of the java command on the path, whatever links lead to it.
java_home_on_path() {
  command=$(command -v java) || return 0
  while [ -L "$command" ]; do
    link=$(readlink "$command")
    case $link in
      /*) command=$link ;;
      *) command=$(dirname "$command")/$link ;;
    esac
  done
  dirname "$(dirname "$command")"
}

find_jdk() {
  if [ -n "${CAMBIUM_JAVA_HOME:-}" ]; then
    if is_jdk_25 "$CAMBIUM_JAVA_HOME"; then
      printf '%s\n' "$CAMBIUM_JAVA_HOME"
      return
    fi
    echo "error: CAMBIUM_JAVA_HOME is $CAMBIUM_JAVA_HOME, which is no JDK 25" >&2
    return 2
  fi
  for home in "${JAVA_HOME:-}" "$(java_home_on_path)" \
    /usr/lib/jvm/* /Library/Java/JavaVirtualMachines/*/Contents/Home \
    "${HOME:-}"/Library/Java/JavaVirtualMachines/*/Contents/Home \
    "${HOME:-}"/.sdkman/candidates/java/* "${HOME:-}"/.jdks/*; do
    if is_jdk_25 "$home"; then
      printf '%s\n' "$home"
      return
    fi
  done
  echo "error: Cambium needs a JDK 25, and none was found" >&2
  echo "  -> install one (for example from https://adoptium.net), or set CAMBIUM_JAVA_HOME" >&2
  return 2
}
