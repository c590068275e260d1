#!/bin/sh
# Prints a menu as a web page: sh make_page.sh menu.txt > index.html
echo "<h1>Today</h1>"
while read -r dish; do echo "<li>$dish</li>"; done < "$1"
