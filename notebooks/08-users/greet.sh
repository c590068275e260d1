#!/bin/sh
echo "good morning, $(id -un)"
