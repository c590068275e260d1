#!/bin/sh
chown 1234:5678 f
chown -R 4:5 d
