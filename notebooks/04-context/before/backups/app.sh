#!/bin/sh
echo "The old app runs."
