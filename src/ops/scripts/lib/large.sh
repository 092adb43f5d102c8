# `large command…` is for a git that takes tens of megabytes: in huge pages they take a system a fraction of the page
# faults. A git that takes little would only wait until one was cleared. Up to the 32 MiB that glibc allows, blocks come from
# the heap: else each large file that a delta is resolved against is a mapping of its own, and so new pages.
large() { GLIBC_TUNABLES=${GLIBC_TUNABLES-}:glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=33554432 "$@"; }
