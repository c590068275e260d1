chmod 750 base/sub base
chmod 600 base/a
ln -s sub/b base/link
