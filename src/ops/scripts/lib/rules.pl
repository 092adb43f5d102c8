# Checks what a push would bring against the rules of this service, and prints section 8: for each reason rule, path,
# line, subject, commit ("": not committed yet) and `allow`, if the call may allow it.
#
# Parameters: `commit` (the index is to be committed), `amend` (it is, together with the newest commit) or a commit that
# is to be sent; the number of allowed paths; allowed paths; named paths. Environment: rules.ts in ../..
#
# Exit codes, which are no errno: 0: nothing is against it; 200: a rule is; 201: nothing is against it, and there is
# nothing to commit.
use strict;
require "$ENV{WT_LIB}/rules-changes.pl";
require "$ENV{WT_LIB}/rules-secrets.pl";
require "$ENV{WT_LIB}/rules-contents.pl";
my ($kind, $count, @named) = @ARGV;
my %allowed = map { $_ => 1 } splice @named, 0, $count;
my ($secrets, $may_allow, $most_file, $most_push, $most_files, $most_told) = split / /, $ENV{IN_RULES};
my @globs = map { my ($regex, $glob) = split /\t/; [qr/\A(?:$regex)\z/s, $glob] } split /\n/, $ENV{IN_RULE_PATHS};
my @patterns = secret_patterns($ENV{IN_RULE_SECRETS});
my @reasons;
sub against { if (@reasons < $most_told) { push @reasons, [@_] } }

my ($sent, $staged) = $kind eq "commit" || $kind eq "amend" ? to_commit($kind eq "amend", @named) : ([$kind], []);
my @changes = (unsent_changes(@$sent), @$staged);
my %paths;
for my $change (@changes) {
  my ($path, $commit) = @$change{qw(path commit)};
  $paths{$path}++;
  for my $glob (grep { $path =~ $_->[0] } @globs) { against("paths", $path, "", $glob->[1], $commit, "") }
}
if (keys %paths > $most_files) { against("max_files", "", "", keys(%paths) . "/$most_files", "", "") }

# Contents that these changes bring, and those of the remote that they replace. What was only moved is not new.
my (%new, %replaced);
while (@changes) {
  my @together = shift @changes;
  push @together, shift @changes while @changes && $changes[0]{commit} eq $together[0]{commit};
  for (map { @{ $_->{old} } } @together) { $replaced{$_} = 1 unless $new{$_} }
  for my $change (grep { defined $_->{id} && $_->{mode} ne "160000" } @together) {
    push @{ $new{ $change->{id} } }, $change unless $replaced{ $change->{id} };
  }
}
my ($bytes, @found) = 0;
contents(@patterns ? "--batch" : "--batch-check", [sort keys %new], sub {
  my ($id, $size) = @_;
  $bytes += $size;
  if ($size > $most_file) {
    for (@{ $new{$id} }) { against("max_file_bytes", $_->{path}, "", "$size/$most_file", $_->{commit}, "") }
    return;
  }
  if (! @patterns) { return }
  my @at = grep { ! ($may_allow eq "true" && $allowed{ $_->{path} }) } @{ $new{$id} };
  scanner(\@patterns, sub {
    my ($name, $line, $text) = @_;
    for (@at) { push @found, { text => $text, told => ["secrets", $_->{path}, $line, $name, $_->{commit}, $may_allow eq "true" ? "allow" : ""] } }
  });
}) if %new;
if ($bytes > $most_push) { against("max_push_bytes", "", "", "$bytes/$most_push", "", "") }
# Only if a secret is found, the replaced contents are read. A secret that they have is not new.
if (@found && %replaced) {
  my %old = texts_in([sort keys %replaced], map { $_->{text} } @found);
  @found = grep { ! $old{ $_->{text} } } @found;
}
my $refuses = @reasons + ($secrets eq "refuse" ? @found : 0);
if ($secrets eq "refuse" || ! $refuses) {
  my %told;
  my @told = grep { ! $told{"@$_"}++ } map { $_->{told} } @found;
  against(@$_) for sort { $a->[1] cmp $b->[1] || $a->[2] <=> $b->[2] } @told;
}
if (@reasons) {
  print "\0$ENV{WT_NONCE}:8\n";
  print map { join("\0", @$_) . "\0" } @reasons;
}
exit($refuses ? 200 : @$staged ? 0 : 201);
