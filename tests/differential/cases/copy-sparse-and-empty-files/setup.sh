#!/bin/sh
truncate -s 3M sparse
mkdir hollow
