# shellcheck shell=bash
# Sourced by ./run and .ci/run. with_root_mount SCRIPT ARGUMENT… starts the script again, once, where "/" is a mount point.
#
# No runtime can make a container in a plain chroot, whose root is a folder like any other. There a mount namespace of our
# own gets the same tree once more, mounted; nobody else sees it, and it ends with the script.
with_root_mount() {
  [ "$(id -u)" = 0 ] && [ -r /proc/self/mountinfo ] || return 0
  ! awk '$5 == "/" { found = 1 } END { exit !found }' /proc/self/mountinfo || return 0
  [ -z "${VEDETTE_ROOT_MOUNT:-}" ] || return 0
  export VEDETTE_ROOT_MOUNT=tried
  unshare --mount --propagation unchanged mount --make-private /proc 2>/dev/null || return 0
  printf '%s: this is a chroot whose root is no mount point; going on in a mount namespace where it is one\n' "${1##*/}"
  # below /proc, since that is a mount that can be made private first
  exec unshare --mount --propagation unchanged sh -euc '
    mount --make-private /proc
    mount --rbind / /proc/fs
    exec chroot /proc/fs sh -c "cd \"\$1\"; shift; exec \"\$@\"" sh "$@"' sh "$PWD" "$@"
}
