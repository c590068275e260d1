#!/bin/sh
ln -s plain.tar l.tar
