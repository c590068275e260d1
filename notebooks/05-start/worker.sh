#!/bin/sh
trap 'echo "worker: got TERM, saving my work" >> /log; exit 0' TERM
echo "worker: working" >> /log
while true; do sleep 0.1; done
