#!/bin/sh
ln -s src/a.txt lf
ln -s src ld
ln -s src/sub/b.txt lg
