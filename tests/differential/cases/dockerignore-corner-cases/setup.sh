mkdir -p keep/k2 abs dir/sub x a/b/c a/z real docs dot 'sp ace'
for f in 1.log keep/1.log keep/important.log keep/k2/important.log abs/f dir/sub/f x/temp1 x/temp-keep x/other a/b/c/z a/z/f a/y '!bang' foo1.txt foox.txt dot/f real/f docs/f 'sp ace/f' lead '# indented is no comment?'; do echo "$f" > "$f"; done
