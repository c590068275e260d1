#!/bin/sh
d=$(printf 'd%.0s' $(seq 120))
mkdir -p $d/$d/$d
echo x > $d/$d/$d/$(printf 'f%.0s' $(seq 200))
ln -s $(printf 't%.0s' $(seq 250)) link
