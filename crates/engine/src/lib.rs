//! Image bytes in, thumbnails out.
