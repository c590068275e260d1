chmod 600 a.txt; chmod 750 dir; ln -s dir/deep/b link
