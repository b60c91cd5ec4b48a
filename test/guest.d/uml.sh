# shellcheck shell=bash disable=SC2154,SC2034 # variables of test/guest
# SPDX-License-Identifier: BSD-2-Clause
#
# User-Mode Linux, for test/guest. The guest's root is this machine's (hostfs), so init and its job
# are read from $work itself.

default_perfmond_args=(--backend sim)

needs() {
	[ "$cpus" -eq 1 ] || fail "uml has one CPU: --cpus is for the others"
	need linux.uml user-mode-linux
	need busybox busybox-static
	need cc gcc libc6-dev
}

prepare() {
	case $work in
	*[[:space:]]*)
		fail "uml: blanks in $work: set TMPDIR to a directory without"
		;;
	esac
	mkdir "$work/uml" &&
		cc -std=gnu17 -D_GNU_SOURCE -O2 -shared -fPIC -o "$work/preload.so" \
			"$project/test/guest.d/uml-preload.c" -ldl
}

boot() {
	# uml_dir: the default, ~/.uml, would keep the remains of a killed guest.
	LD_PRELOAD=$work/preload.so exec timeout -s KILL "$timeout" linux.uml mem=512M \
		root=/dev/root rootfstype=hostfs rootflags=/ rw init="$work/init" \
		uml_dir="$work/uml" con=null con0=null,fd:"$console_fd" \
		con1=null,fd:"$output_fd" con2=null,fd:"$messages_fd" con3=null,fd:"$status_fd"
}
