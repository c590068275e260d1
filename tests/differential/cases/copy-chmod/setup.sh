#!/bin/sh
ln -s a.txt src/link
chmod 2755 src/sub
chmod 6755 src/sub/deep/c.txt
