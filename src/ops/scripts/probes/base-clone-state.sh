. "$WT_LIB/section.sh"
. "$WT_LIB/busy.sh"
. "$WT_LIB/base-clone-facts.sh"

if busy; then section 2; else facts; fi
