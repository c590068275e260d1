#!/bin/sh
ln -s sub/a.txt link
