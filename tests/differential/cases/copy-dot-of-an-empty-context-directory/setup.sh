#!/bin/sh
mkdir src
chmod 0711 src
