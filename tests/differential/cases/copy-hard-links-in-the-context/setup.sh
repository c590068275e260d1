#!/bin/sh
ln a.txt b.txt
