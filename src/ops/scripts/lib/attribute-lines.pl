# Records of `git ls-files` (see below) to lines of an attributes file: the whole path, no pattern.
s/\0\z//; s/\A.*?\t//s; s/([\\*?[])/\\$1/g; s/([\\"])/\\$1/g;
s/([\x00-\x1f\x7f])/sprintf "\\%03o", ord $1/ge;
print "\"/$_\" -text\n";
