# Sections 1 and 3: the facts of the seed (base-clone-facts.sh); section 2 instead, empty, while an operation holds the
# lock.
. "$WT_LIB/section.sh"
. "$WT_LIB/busy.sh"
. "$WT_LIB/base-clone-facts.sh"

if busy; then section 2; else facts; fi
