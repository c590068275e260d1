#!/bin/sh
ln -s src/a.txt link
ln -s src dirlink
