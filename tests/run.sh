#!/usr/bin/env bash
# Run the tests that the marks in $1 select, in two processes: those that wait for engines, Ray and
# browsers in one, all others beside them. The rest of the words go to pytest.
set -uo pipefail
python=${PYTHON:-python3}
wanted=$1
shift
waits="docker or ray or browser or vllm"

log=$(mktemp)
# bash lets those in the background ignore Ctrl-C, and what they start as well.
nice -n 5 env --default-signal=INT "$python" -m pytest -m "($wanted) and not ($waits)" \
  -o cache_dir=.pytest_cache/beside "$@" >"$log" 2>&1 &
beside=$!
trap 'exit 130' INT
trap 'kill "$beside" 2>/dev/null; rm -f "$log"' EXIT

echo "== tests that need an engine, Ray or a browser; the others run beside them"
"$python" -m pytest -m "($wanted) and ($waits)" "$@"
first=$?
wait "$beside"
second=$?
printf '\n== the other tests\n'
cat "$log"

# 5: none was selected, as where the words name one test.
none=5
[ "$first" -ne $none ] || [ "$second" -ne $none ] || exit $none
for status in "$first" "$second"; do
  [ "$status" -eq 0 ] || [ "$status" -eq $none ] || exit "$status"
done
