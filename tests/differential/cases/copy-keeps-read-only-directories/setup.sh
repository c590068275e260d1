#!/bin/sh
chmod 0555 src/sub
