#!/bin/sh
printf x > "$(printf 'caf\351')"
printf y > 'new
line'
printf z > 'ünï ✓'
