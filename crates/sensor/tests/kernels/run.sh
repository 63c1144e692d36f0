# Runs as root in a virtual machine: shells before and after the sensor starts, each in a control group named as a
# kubelet names a container's; then what the sensor said. `before` and `after` hold one folder for each case:
#   port, container   what the case is known by
#   command           what runs in the container
#   peer              what the attacker does: `listens`, `listens late`, or `calls`
#   quiet             runs the attacker's part of something harmless

cp -a /payload/root/. /
pod=/sys/fs/cgroup/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod0a1b2c3d_0000_4000_8000_000000000001.slice
mkdir -p "$pod" /tmp/heard
findings=/tmp/findings.json
log=/tmp/sensor.log

# contained CONTAINER SCRIPT
contained() {
  mkdir -p "$pod/cri-containerd-$1.scope"
  sh -c 'echo $$ > "$0/cgroup.procs"; exec sh "$1"' "$pod/cri-containerd-$1.scope" "$2" </dev/null >/dev/null 2>&1 &
}

# Only a shell that runs what it is sent answers with the sum.
question() { echo "expr 40000 + $1"; sleep 600; }
answered() { grep -q "$((40000 + $1))" "/tmp/heard/$1" 2>/dev/null; }

# until_true SECONDS COMMAND…
until_true() {
  left=$(($1 * 5)); shift
  until "$@"; do
    [ $left -gt 0 ] || return 1
    left=$((left - 1)); sleep 0.2
  done
}

listening() { netstat -ltn | grep -q ":$1 "; }
calls() { until_true 30 listening "$1"; question "$1" | nc 127.0.0.1 "$1" >"/tmp/heard/$1"; }
listens() { question "$1" | nc -l -p "$1" >"/tmp/heard/$1"; }

open_shell() {
  port=$(cat "$1/port")
  case $(cat "$1/peer") in
    calls)
      contained "$(cat "$1/container")" "$1/command"
      calls "$port" & ;;
    'listens late')
      contained "$(cat "$1/container")" "$1/command"
      { sleep 2; listens "$port"; } & ;;
    listens)
      listens "$port" &
      until_true 30 listening "$port"
      contained "$(cat "$1/container")" "$1/command" ;;
  esac
}

open_shells() { for case in "$1"/*; do open_shell "$case"; done; }
all_answered() { for case in "$1"/*; do answered "$(cat "$case/port")" || return 1; done; }
watching() { grep -q 'watching' "$log" || ! kill -0 "$sensor" 2>/dev/null; }
all_found() {
  for case in "$@"; do grep -q "$(cat "$case/container")" "$findings" || return 1; done
}

open_shells /payload/before
until_true 30 all_answered /payload/before

vedette-sensor >"$findings" 2>"$log" &
sensor=$!
until_true 60 watching
until_true 20 all_found /payload/before/*
echo "@@MEMORY $(awk '/VmRSS/ { print $2 }' "/proc/$sensor/status")"

contained "$(cat /payload/quiet/container)" /payload/quiet/command
until_true 30 listening 7101 && until_true 30 listening 7102
echo 'expr 1 + 1' | nc -w 1 127.0.0.1 7101 >/tmp/heard/echo &
nc -w 1 127.0.0.1 7102 </dev/null >/tmp/heard/greeting &
open_shells /payload/after
until_true 30 all_answered /payload/after
until_true 20 all_found /payload/before/* /payload/after/*
# long enough for a second finding of the same shell, and for a false one
sleep 2

kill "$sensor"
wait "$sensor"
echo "@@ENDED $?"
for case in /payload/before/* /payload/after/*; do
  port=$(cat "$case/port")
  answered "$port" && echo "@@ANSWERED $port"
done
grep -q '^expr 1 + 1' /tmp/heard/echo && grep -q hello /tmp/heard/greeting && [ -e /tmp/quiet-done ] && echo '@@QUIET'
echo '@@LOG'
cat "$log"
echo '@@FINDINGS'
gzip -c "$findings" | base64
echo '@@END'
