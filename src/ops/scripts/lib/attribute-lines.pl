# Turns records of `git ls-files` (line-ends.sh) into lines of an attributes file. Each line names one path; pattern
# characters are escaped.
s/\0\z//; s/\A.*?\t//s; s/([\\*?[])/\\$1/g; s/([\\"])/\\$1/g;
s/([\x00-\x1f\x7f])/sprintf "\\%03o", ord $1/ge;
print "\"/$_\" -text\n";
