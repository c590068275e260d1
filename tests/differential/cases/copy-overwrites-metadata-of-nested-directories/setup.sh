#!/bin/sh
chmod 0750 src src/sub
chmod 2755 src/sub/deep
