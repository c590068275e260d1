mkdir -p dir/sub
echo f > file; chmod 640 file
echo x > dir/x; chmod 755 dir/x
echo y > dir/sub/y; chmod 600 dir/sub/y
chmod 700 dir/sub
