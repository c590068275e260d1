#!/bin/sh
# A clock that ticks every N seconds: clock N
trap 'echo "the clock stops"; exit 0' TERM
while true; do
  # Whoever looks finds the whole line, never half of it.
  echo "every $1 s" > /tmp/clock.new && mv /tmp/clock.new /tmp/clock
  sleep 0.1
done
