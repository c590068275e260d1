#!/bin/sh
echo "The app runs."
