#!/bin/sh
chmod 0750 src
