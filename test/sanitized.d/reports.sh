# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# For test/sanitized and test/threads: suites of other scripts with sanitized programs, and what the sanitizers
# report meanwhile. Source it after tap.sh, with $work set.

# shellcheck disable=SC2154 # whoever sources this has it
reports=$work/reports
# Programs of every user report there.
chmod 755 "$work" && mkdir -m 1777 "$reports" || exit

# put_in_place BUILD_DIR: what wraps perfmond, so that suites which start it start a sanitized one that can report.
put_in_place() {
	mv "$1/daemon/perfmond" "$1/daemon/perfmond-sanitized" && cp test/sanitized.d/perfmond "$1/daemon/perfmond"
}

# reported: prints the reports and takes them away; tells whether there was one.
reported() {
	[ -n "$(ls "$reports")" ] || return
	head -n 60 "$reports"/*
	rm -f "$reports"/*
}

# suite NAME COMMAND...: a program that prints TAP is one test here. Those of its tests that $excepted matches
# may fail, for $reason. No process may leave a report, whether or not anybody looks at its exit status.
suite() {
	local name=$1 status good=0 begin=$SECONDS
	shift
	timeout 300 "$@" >"$work/tap" 2>"$work/stderr"
	status=$?
	grep '^not ok' "$work/tap" >"$work/failed"
	[ -z "${excepted-}" ] || sed -i -E "/ - ($excepted)/d" "$work/failed"
	if [ -s "$work/failed" ] || ! tap_is_whole "$work/tap" ||
		{ [ "$status" != 0 ] && ! grep -q '^not ok' "$work/tap"; }; then
		good=1
		{
			echo "ended with status $status"
			tail -n 5 "$work/stderr"
			grep -B 8 '^not ok' "$work/tap"
		} >>"$work/failed"
	fi
	reported >>"$work/failed" && good=1
	tap_result "$good" "$name, $(grep -c '^ok' "$work/tap") tests, $((SECONDS - begin)) s" "$work/failed"
	[ -z "${excepted-}" ] || tap_skip "$name: $excepted" "${reason-}"
}

# tap_is_whole FILE: tests, and as many as were planned.
tap_is_whole() {
	awk '/^(not )?ok / { seen++ } /^1\.\.[0-9]+/ { plan += substr($1, 4) } END { exit !seen || seen != plan }' "$1"
}
