#!/bin/sh
chmod 0640 plain
chmod 0755 run
chmod 6711 setuid
chmod 0000 none
chmod 2700 dir
chmod 1777 sticky
