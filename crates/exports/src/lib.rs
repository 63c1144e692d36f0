//! Many findings as one file: JSON lines, CSV and Parquet.
