#!/bin/sh
zstd -q plain.tar -o zst.dat
