#!/bin/sh
echo "the shop is open"
