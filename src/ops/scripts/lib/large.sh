# `large COMMAND…` runs a git that needs tens of megabytes: huge pages take a fraction of the page faults. A git that
# needs little would only wait until the kernel has cleared one. Blocks of up to 32 MiB, the most that glibc allows,
# come from the heap: otherwise each large file that a delta is based on would be a mapping of its own, with new pages.
large() { GLIBC_TUNABLES=${GLIBC_TUNABLES-}:glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=33554432 "$@"; }
