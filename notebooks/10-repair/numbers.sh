#!/bin/sh
# The numbers from 1 to 10, one a line.
seq 1 10
