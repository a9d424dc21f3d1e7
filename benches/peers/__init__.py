"""The engine beside sharp, libvips, Pillow and ImageMagick: `make peers`."""
