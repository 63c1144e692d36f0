//! The bytes a probe writes, as the kernel side lays them out.
