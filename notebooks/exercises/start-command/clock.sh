#!/bin/sh
# A clock that ticks every N seconds: clock N
trap 'echo "the clock stops"; exit 0' TERM
while true; do
  echo "every $1 s" > /tmp/clock
  sleep 0.1
done
