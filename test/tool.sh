# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# For test/tool and those beside it: . "$(dirname "$0")/tool.sh" BUILD_DIR
#
# perfmon(1) on a node of the script's own.

build=$(cd "$1" && pwd) || exit
perfmond=$build/daemon/perfmond
perfmon=$build/client/perfmon
if [ ! -x "$perfmond" ] || [ ! -x "$perfmon" ]; then
	echo "$0: $build: not built" >&2
	exit 2
fi

# shellcheck source=tap.sh
. "$(dirname "$0")/tap.sh"
work=$(mktemp -d) || exit
device=perfmon-${0##*/}
export PERFMON_DEVICE=/dev/$device
daemon=
terminal=$device-0
terminals=0
stop() {
	[ -n "$daemon" ] || return 0
	kill "$daemon" 2>/dev/null
	wait "$daemon" 2>/dev/null
	daemon=
}

cleanup() {
	stop
	tmux -L "$terminal" kill-server 2>/dev/null
	umount -l "/dev/$device" 2>/dev/null
	rm -rf "$work"
}

trap cleanup EXIT

# start OPTION...: perfmond, ready.
start() {
	local tries=500
	stop
	: >"$work/said"
	"$perfmond" -f --device "$device" --state-dir "$work/state" --user nobody --group root --mode 0600 "$@" \
		2>"$work/said" &
	daemon=$!
	until grep -q "ready:" "$work/said"; do
		((tries-- > 0)) && kill -0 "$daemon" 2>/dev/null || return
		sleep 0.02
	done
}

# check NAME COMMAND...
check() {
	local name=$1
	shift
	"$@" >"$work/out" 2>&1
	tap_result $? "$name" "$work/out"
}

# dies: perfmond, without a word.
dies() {
	kill -9 "$daemon"
	wait "$daemon" 2>/dev/null
	daemon=
}

# says STATUS TEXT ARGUMENT...: perfmon's exit status, and a regular expression that its output has.
says() {
	local wanted=$1 text=$2 status
	shift 2
	"$perfmon" "$@" >"$work/printed" 2>&1 </dev/null
	status=$?
	cat "$work/printed"
	[ "$status" = "$wanted" ] || { echo "status $status, not $wanted"; return 1; }
	grep -qE -- "$text" "$work/printed"
}

# until_true COMMAND...: it succeeds, within 5 seconds.
until_true() {
	local tries=100
	until "$@"; do
		((tries-- > 0)) || return
		sleep 0.05
	done
}

# on_terminal COMMAND: on a terminal of $columns, or 80, by 24.
on_terminal() {
	# A server of its own: one that is told to end may still be there.
	tmux -L "$terminal" kill-server 2>/dev/null
	terminal=$device-$((++terminals))
	tmux -L "$terminal" -f /dev/null new-session -d -x "${columns:-80}" -y 24 "$*; echo status \$?; sleep 60" || return
}

screen() {
	tmux -L "$terminal" capture-pane -p
}

# shows TEXT: on the screen, within 5 seconds.
shows() {
	until_true has "$1" || {
		screen
		return 1
	}
}

has() {
	screen | grep -qE -- "$1"
}
