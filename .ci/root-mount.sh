# shellcheck shell=bash
# Sourced by ./run and .ci/run. with_root_mount SCRIPT ARGUMENT… starts the script again, once, in a mount namespace whose
# root is what "/" is now, if that is a chroot.
#
# In a chroot no runtime can make a proper container: its root may be no mount point, and whoever enters a container's
# mount namespace afterwards lands in the machine's root, not the container's. The namespace is our own: nobody else sees
# its mounts, and it ends with the script.
with_root_mount() {
  [ "$(id -u)" = 0 ] && [ -z "${VEDETTE_ROOT_MOUNT:-}" ] && command -v perl >/dev/null || return 0
  export VEDETTE_ROOT_MOUNT=tried
  local enter='
    use strict; use warnings; use Cwd "getcwd"; use Config;
    my ($unshare, $setns, $mount, $umount, $pivot) = $Config{archname} =~ /^x86_64/ ? (272, 308, 165, 166, 155)
      : $Config{archname} =~ /^aarch64/ ? (97, 268, 40, 39, 41) : exit 1;
    my ($NEWNS, $REC, $PRIVATE, $BIND, $DETACH) = (0x20000, 0x4000, 0x40000, 0x1000, 2);
    my ($none, $slash, $dot, $here) = ("none", "/", ".", getcwd());
    my $was = join ":", (stat "/")[0, 1];
    # entering a mount namespace, be it the own one, leads to its root
    syscall($unshare, $NEWNS) == 0 or exit 1;
    open(my $root, "<", "/") or exit 1;
    open(my $own, "<", "/proc/self/ns/mnt") or exit 1;
    syscall($setns, fileno($own), $NEWNS) == 0 or exit 1;
    @ARGV or exit(join(":", (stat "/")[0, 1]) eq $was ? 1 : 0);
    my $must = sub { my $what = shift; syscall($_[0], @_[1..$#_]) == 0 or die "$what: $!\n" };
    my $tree = "/proc/self/fd/" . fileno($root); my $target = "$tree/mnt";
    $must->("private mounts", $mount, $none, $slash, $none, $REC | $PRIVATE, 0);
    $must->("binding the root", $mount, $tree, $target, $none, $BIND | $REC, 0);
    chdir $target or die "$target: $!\n";
    $must->("pivot_root", $pivot, $dot, $dot);
    $must->("leaving the old root", $umount, $dot, $DETACH);
    chdir "/" and chroot "/" and chdir $here or die "$here: $!\n";
    exec @ARGV or die "$ARGV[0]: $!\n"'
  perl -e "$enter" || return 0
  printf '%s: this is a chroot; going on in a mount namespace of its own, where it is the root\n' "${1##*/}"
  exec perl -e "$enter" "$@"
}
