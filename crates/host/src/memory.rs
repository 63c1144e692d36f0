//! Keeping the process small.

/// Large blocks are given back when they are freed, and threads share two heaps: without this, glibc keeps the largest
/// buffer of every thread for good. To be called once, before threads are started.
#[expect(unsafe_code, reason = "glibc's allocator is tuned through a C function")]
pub fn keep_small() {
    #[cfg(target_env = "gnu")]
    {
        const BLOCK: i32 = 256 << 10;
        // SAFETY: mallopt only stores the value; it is called before other threads allocate.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, BLOCK);
            libc::mallopt(libc::M_TRIM_THRESHOLD, BLOCK);
            libc::mallopt(libc::M_ARENA_MAX, 2);
        }
    }
}

/// Gives back what the allocator keeps though nothing is in it: what a storm of findings took. Takes some milliseconds.
#[expect(unsafe_code, reason = "glibc's allocator is trimmed through a C function")]
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: malloc_trim takes the allocator's own locks and touches no memory that is in use.
        unsafe {
            libc::malloc_trim(0);
        }
    }
}
