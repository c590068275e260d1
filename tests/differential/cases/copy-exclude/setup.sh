mkdir -p tree/sub/deep tree/other
for name in a.txt b.md sub/c.txt sub/keep.txt sub/d.log sub/deep/e.txt sub/deep/f.log other/g.md; do echo $name > tree/$name; done
ln -s a.txt tree/link.md
chmod 750 tree/sub
