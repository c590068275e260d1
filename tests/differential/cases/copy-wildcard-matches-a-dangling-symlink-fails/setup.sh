#!/bin/sh
ln -s nowhere lx
