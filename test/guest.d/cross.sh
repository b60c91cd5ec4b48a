# shellcheck shell=bash disable=SC2154 # variables of test/guest and qemu.sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What guest.d/qemu.sh takes for a guest of another processor than this machine's: Debian packages of
# that architecture, unpacked and never installed (foreign -dev packages cannot be), and this project,
# cross-built with them. In $cache: sysroot, the libraries to build with; tools, the guest's programs
# with their shared libraries; packages, what the two were made of.

sysroot_packages=(libfuse3-dev libcap-dev libpfm4-dev libseccomp-dev libncurses-dev)
# Those that the guest's tools are in, then those of the libraries that they are linked to.
tools_packages=(busybox-static bash dash strace util-linux fuse3 libc6 libtinfo6 libcap-ng0
	libsmartcols1)

cross_needs() {
	need dpkg dpkg
	need flock util-linux
	need "$triplet-gcc" "gcc-$triplet" "libc6-dev-${architecture}-cross"
	need /usr/bin/meson meson
	need ninja ninja-build
	need pkg-config pkg-config
	case $cache in
	*[[:space:]\'\\]*)
		fail "$machine: blanks or quotes in $cache: set XDG_CACHE_HOME to a directory without"
		;;
	esac
	build=$build/guest-$machine
}

# cross_prepare: all of $cache, and $build. One guest at a time: they share both, and apt's lists.
cross_prepare() {
	mkdir -p "$(dirname "$cache")" || return
	(
		flock 9 || exit
		[ -e "$cache/kernel" ] || { index_packages && fetch_kernel; } || exit
		made_of_packages || { index_packages && fetch_packages; } || exit
		cross_build
	) 9>"$(dirname "$cache")/lock"
}

# Fails if apt knows no packages of this architecture, after an attempt to change that.
index_packages() {
	apt_knows_architecture && return
	if [ "$(id -u)" = 0 ]; then
		echo "test/guest: adding the architecture $architecture to dpkg" >&2
		dpkg --add-architecture "$architecture" || return
		apt-get update -qq >&2 ||
			echo "test/guest: apt-get update failed: going on with the lists that are there" >&2
	fi
	apt_knows_architecture ||
		fail "apt knows no $kernel_package:$architecture: as root," \
			"dpkg --add-architecture $architecture && apt-get update (while a mirror is syncing," \
			"that fails: later again)"
}

apt_knows_architecture() {
	apt-cache show "$kernel_package:$architecture" >/dev/null 2>&1
}

made_of_packages() {
	[ "$(cat "$cache/packages" 2>/dev/null)" = "${sysroot_packages[*]} ${tools_packages[*]}" ]
}

fetch_packages() {
	local new=$work/packages tools

	echo "test/guest: downloading libraries and tools for $architecture, once, into $cache" >&2
	download "$new/sysroot" "${sysroot_packages[@]}" &&
		download "$new/unpacked" "${tools_packages[@]}" && mkdir "$new/tools" || return
	printf -v tools '|%s' busybox dash "${guest_tools[@]}"
	# -a keeps links: some are absolute, and right in the guest only.
	(cd "$new/unpacked" && find . -regextype posix-extended \
		\( -regex ".*/bin/(${tools#|})" -o -name '*.so.[0-9]*' \) -print0 |
		xargs -0 cp -a --parents -t "$new/tools") || return
	rm -rf "$cache"/{packages,cross.ini,sysroot,tools} &&
		mv "$new/sysroot" "$new/tools" "$cache/" &&
		echo "${sysroot_packages[*]} ${tools_packages[*]}" >"$cache/packages"
}

# Set up anew where the libraries or the cross file have changed, as meson keeps what it found.
cross_build() {
	local cross_file=$cache/cross.ini

	write_cross_file "$work/cross.ini" || return
	cmp -s "$work/cross.ini" "$cross_file" || cp "$work/cross.ini" "$cross_file" || return
	if [ ! "$build/build.ninja" -nt "$cross_file" ]; then
		rm -rf "$build"
		quietly /usr/bin/meson setup --cross-file "$cross_file" "$build" "$project" || return
	fi
	quietly ninja -C "$build"
}

# quietly COMMAND...: its output is shown if it fails.
quietly() {
	"$@" >"$work/build.log" 2>&1 || {
		tail -n 50 "$work/build.log" >&2
		return 1
	}
}

# write_cross_file FILE: all programs static, and no library of this machine found by pkg-config. -B is
# for libraries that have no pkg-config file: meson asks the compiler where libraries are.
write_cross_file() {
	local sysroot=$cache/sysroot

	cat >"$1" <<-END
		[binaries]
		c = ['$triplet-gcc', '-B$sysroot/usr/lib/$triplet']
		ar = '$triplet-ar'
		strip = '$triplet-strip'
		pkgconfig = 'pkg-config'

		[properties]
		sys_root = '$sysroot'
		pkg_config_libdir = '$sysroot/usr/lib/$triplet/pkgconfig'

		[built-in options]
		default_library = 'static'
		prefer_static = true
		pkg_config_path = []
		c_args = ['-isystem', '$sysroot/usr/include']
		c_link_args = ['-static']

		[host_machine]
		system = 'linux'
		cpu_family = '$cpu_family'
		cpu = '$cpu_family'
		endian = 'little'
	END
}
