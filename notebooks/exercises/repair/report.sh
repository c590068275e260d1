#!/bin/sh
# Adds the numbers in numbers.txt.
sum=0
while read -r number; do sum=$((sum + number)); done < numbers.txt
echo "The sum is $sum."
