# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# For tests that install: . "$(dirname "$0")/stage.sh"
#
# meson writes the list of what it installed into the build directory, and ninja uninstall goes by it. A test must
# not take the list of an installation that somebody uses.

# stage BUILD_DIR ROOT: what meson install brings, below ROOT. Its list is ROOT.list.
stage() {
	local list=$1/meson-logs/install-log.txt status
	cp "$list" "$2.before" 2>/dev/null || : >"$2.before"
	DESTDIR=$2 /usr/bin/meson install -C "$1" --no-rebuild
	status=$?
	cp "$list" "$2.list" && cp "$2.before" "$list" && return "$status"
}

# unstage BUILD_DIR ROOT: what ninja uninstall makes of it.
unstage() {
	local list=$1/meson-logs/install-log.txt status
	cp "$2.list" "$list" || return
	/usr/bin/ninja -C "$1" uninstall
	status=$?
	cp "$2.before" "$list" && return "$status"
}
