//! JPEG decoded small.
