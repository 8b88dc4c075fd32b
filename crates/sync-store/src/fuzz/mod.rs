//! Fuzz targets.

mod rows;
