#!/bin/sh
ln -s a.txt src/rel
ln -s /etc/passwd src/abs
ln -s ../../../up src/up
ln -s nowhere src/broken
ln -s sub src/dirlink
