require "$ENV{WT_LIB}/undo.pl";
undo() or exit 1;
