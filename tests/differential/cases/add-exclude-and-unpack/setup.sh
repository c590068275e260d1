mkdir -p archives/sub in
echo x > archives/sub/x; echo y > archives/sub/y; echo t > in/t
tar -czf t.tar.gz --mtime=@0 in
cp t.tar.gz archives/
rm -r in
