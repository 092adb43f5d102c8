require "$ENV{WT_LIB}/end-left.pl";
end_left();
