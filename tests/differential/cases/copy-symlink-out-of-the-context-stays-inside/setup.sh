#!/bin/sh
ln -s ../../../../etc/hostname out
