#!/bin/sh
chmod 700 one/d
chmod 711 two/d
