# Starts the ranks of one run on this machine as torchrun would. Sourced; needs $cambium, $work and
# $yaml.
port=29400 master=127.0.0.1

enter() { # rank, command: where the rank runs
  shift
  exec "$@"
}

ranks() { # number of ranks, name of the run, further arguments of train; sets pids
  local rank size=$1 name=$2
  shift 2
  port=$((port + 1)) pids=()
  for ((rank = 0; rank < size; rank++)); do
    RANK=$rank WORLD_SIZE=$size LOCAL_WORLD_SIZE=$size MASTER_ADDR=$master MASTER_PORT=$port \
      enter "$rank" "$cambium" train "$yaml" --out "$work/$name" "$@" > "$work/$name-$rank.log" 2>&1 &
    pids+=($!)
  done
}

all_done() { # name of the run
  local rank
  for rank in "${!pids[@]}"; do
    wait "${pids[$rank]}" || { cat "$work/$1-$rank.log" >&2; exit 1; }
  done
}

last_step() { # name of the run; nothing before the first
  awk -F'[:,]' '/"event":"train"/ { step = $4 } END { print step }' "$work/$1/metrics.jsonl" 2> /dev/null || true
}

speed() { # name of the run, n: tokens per second, the median of its last n steps; n odd
  grep '"event":"train"' "$work/$1/metrics.jsonl" | tail -"$2" |
    sed -E 's/.*"tokens_per_second":([0-9.]+).*/\1/' | sort -g | sed -n "$((($2 + 1) / 2))p"
}

await_step() { # name of the run, step
  local now=
  until now=$(last_step "$1") && [ "${now:-0}" -ge "$2" ]; do
    [ -n "$(jobs -r)" ] || { cat "$work/$1"-*.log >&2; exit 1; }
    sleep 0.05
  done
}
