# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# For scripts that print TAP: . "$(dirname "$0")/tap.sh"

tap_count=0
tap_failed=0

# tap_result STATUS NAME [FILE]: one line; what FILE says goes before a failure.
tap_result() {
	tap_count=$((tap_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_count - $2"
	else
		[ -z "${3-}" ] || sed 's/^/# /' "$3"
		echo "not ok $tap_count - $2"
		tap_failed=$((tap_failed + 1))
	fi
}

# tap_skip NAME REASON
tap_skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# tap_figure LABEL VALUE: how much was tried, for the table at the end of test/run.
tap_figure() {
	echo "# figure: $1: $2"
}

# The plan, last; its status is that of the whole.
tap_end() {
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
}
