# build_if_needed HOME JDK LAUNCHER [PROFILE] builds, with a profile of Maven, and leaves in the
# directory LAUNCHER, which is below cli/target, what the program is started from:
#   lib/            the jars of Cambium itself, copied there so that a later build does not pull
#                   them from under a program that is running
#   classpath.txt   the jars of others, in the local Maven repository
#   stamp           as old as the start of the last build
#   classes.jsa     the classes that short commands need, as the JDK of the build keeps them in
#                   memory

build_if_needed() (
  cd "$1"
  launcher=$3
  if up_to_date; then exit 0; fi
  mkdir -p cli/target
  lock=cli/target/launcher.lock
  take_lock
  trap 'rm -rf "$lock"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  # Another launcher may have built while this one waited.
  if ! up_to_date; then build "$2" "${4:-}"; fi
)

up_to_date() (
  cd "$launcher" 2>/dev/null && [ -f stamp ] || exit 1
  newer=$(cd ../../.. && find pom.xml ./*/pom.xml ./*/src/main -newer "$launcher/stamp")
  [ -z "$newer" ] || exit 1
  IFS=:
  for jar in $(cat classpath.txt); do
    [ -f "$jar" ] || exit 1
  done
)

# One builds, the others wait.
take_lock() {
  waited=
  until mkdir "$lock" 2>/dev/null; do
    [ -n "$waited" ] || echo "waiting for another build of Cambium (if there is none, remove $PWD/$lock)..." >&2
    waited=yes
    remove_abandoned_lock
    sleep 1
  done
  echo "$$ $(uname -n)" >"$lock/owner"
}

# Inside a lock of its own, or two that wait could both remove it, the second one a new one. Of other
# machines' processes, where several share this directory, nothing is known.
remove_abandoned_lock() {
  mkdir "$lock.removal" 2>/dev/null || return 0
  pid='' host=''
  read -r pid host 2>/dev/null <"$lock/owner" || true
  if [ -n "$pid" ] && [ "$host" = "$(uname -n)" ] && ! kill -0 "$pid" 2>/dev/null; then
    rm -rf "$lock"
  fi
  rmdir "$lock.removal"
}

build() {
  command -v mvn >/dev/null || {
    echo "error: Cambium is built with Maven, and there is no mvn on the path" >&2
    echo "  -> install Maven 3.8 or newer: https://maven.apache.org" >&2
    exit 2
  }
  if [ -d "$launcher" ]; then
    echo "building Cambium (sources have changed)..." >&2
  else
    echo "building Cambium (first use, about 3 minutes with the downloads)..." >&2
  fi
  next=$launcher.next
  rm -rf "$next" && mkdir -p "$next/lib"
  : >"$next/stamp" # before the build: what changes meanwhile is newer
  # -DskipTests still compiles the tests: some modules' tests need those of another.
  # shellcheck disable=SC2086 # a profile, or nothing
  if ! JAVA_HOME=$1 mvn -B -q $2 -Dstyle.color=never -DskipTests package -pl cli -am </dev/null >"$next/build.log" 2>&1; then
    grep -v '^WARNING: ' "$next/build.log" >&2 || true
    echo "error: the build failed; its output is above" >&2
    exit 1
  fi
  version=$(sed -n 's/^version=//p' cli/target/classes/io/cambium/cli/version.properties)
  cp ./*/target/cambium-*-"$version".jar "$next/lib/"
  cp cli/target/classpath.txt "$next/"
  rm -rf "$launcher"
  mv "$next" "$launcher"
  archive_classes "$1"
}

# Halves what short commands take to start. A class path or JDK that differs makes no more of it than
# that; so does a build without it.
archive_classes() {
  "$1/bin/java" --enable-native-access=ALL-UNNAMED -XX:+UseSerialGC \
    -XX:ArchiveClassesAtExit="$launcher/classes.jsa" \
    -cp "$PWD/$launcher/lib/*:$(cat "$launcher/classpath.txt")" io.cambium.cli.Cambium \
    inspect checkpoint/src/test/resources/goldens/mixtral >/dev/null 2>&1 || true
}
