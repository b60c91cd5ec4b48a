# shellcheck shell=bash disable=SC2154,SC2034 # variables of test/guest
# SPDX-License-Identifier: BSD-2-Clause
#
# Debian kernels under QEMU, for test/guest. One row of select_machine is one processor; the rest is
# the same for all. The channels are virtio serial ports: every processor's machine has them, and the
# kernel writes to none.

# $machine -> package of the newest kernel, architecture of its packages, emulator, its package,
# its machine, console, modules beside those of every guest
select_machine() {
	case $machine in
	x86)
		kernel_package=linux-image-amd64 architecture=amd64
		qemu=qemu-system-x86_64 qemu_package=qemu-system-x86
		qemu_machine=(-M pc -cpu max) console=ttyS0 machine_modules=(msr)
		;;
	esac
}

default_perfmond_args=()
guest_modules=(fuse cuse virtio_pci virtio_console)
# Those that are installed go into the guest; for every other command it has busybox.
guest_tools=(bash sh strace setpriv prlimit fusermount3)

needs() {
	select_machine
	need "$qemu" "$qemu_package"
	need busybox busybox-static
	need cpio cpio
	need depmod kmod
	need strace strace
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/perfmond-test/$machine
}

prepare() {
	[ -e "$cache/kernel" ] || fetch_kernel || return
	make_root "$work/root" &&
		(cd "$work/root" && find . | cpio -o -H newc -R 0:0 --quiet) >"$work/initramfs" &&
		rm -rf "$work/root"
}

boot() {
	exec timeout -s KILL "$timeout" "$qemu" -accel tcg "${qemu_machine[@]}" -smp "$cpus" -m 1G \
		-nodefaults -display none -no-reboot -kernel "$cache/kernel" -initrd "$work/initramfs" \
		-append "console=$console quiet panic=-1" \
		-chardev file,id=console,path="$work/console.fifo" -serial chardev:console \
		-device virtio-serial-pci \
		-chardev file,id=output,path="$work/output.fifo" \
		-device virtserialport,chardev=output,name=output \
		-chardev file,id=messages,path="$work/messages.fifo" \
		-device virtserialport,chardev=messages,name=messages \
		-chardev file,id=status,path="$work/status.fifo" \
		-device virtserialport,chardev=status,name=status
}

# Makes $cache: kernel, and the few modules of guest_modules with what modprobe needs to find them.
# Made beside it and renamed, as another guest may be at the same.
fetch_kernel() {
	local new=$cache.$$ unpacked=$work/kernel package version
	local -a modules

	package=$(apt-cache show "$kernel_package:$architecture" |
		sed -n 's/^Depends: \([^ ,]*\).*/\1/p;T;q')
	[ -n "$package" ] || fail "apt knows no $kernel_package:$architecture: apt-get update"
	echo "test/guest: downloading $package, once, into $cache" >&2
	mkdir -p "$unpacked" "$(dirname "$cache")" || return
	# As itself: the user _apt could not write there.
	(cd "$unpacked" && apt-get -qq -o APT::Sandbox::User=root download "$package:$architecture") >&2 ||
		fail "cannot download $package:$architecture: apt-get update"
	dpkg -x "$unpacked"/*.deb "$unpacked" && rm "$unpacked"/*.deb || return
	version=$(ls "$unpacked/lib/modules") && depmod -b "$unpacked" "$version" || return
	list_modules "$unpacked/lib/modules/$version" >"$unpacked/list" || return
	readarray -t modules <"$unpacked/list"
	mkdir -p "$new/lib/modules/$version" &&
		(cd "$unpacked/lib/modules/$version" &&
			cp --parents "${modules[@]}" modules.builtin modules.builtin.modinfo modules.order \
				"$new/lib/modules/$version") &&
		depmod -b "$new" "$version" && cp "$unpacked"/boot/vmlinu* "$new/kernel" || return
	mv -T "$new" "$cache" 2>/dev/null || rm -rf "$new"
	rm -rf "$unpacked"
}

# list_modules DIRECTORY: the guest's modules and those that they need, as modules.dep names them.
list_modules() {
	local module

	for module in "${guest_modules[@]}" "${machine_modules[@]}"; do
		sed -n "s,^\(.*/$module\.ko[^:]*\):,\1,p" "$1/modules.dep" | grep . ||
			fail "$kernel_package has no module $module"
	done | tr ' ' '\n' | sort -u
}

# make_root DIRECTORY: the guest's file tree, to be packed.
make_root() {
	local root=$1 directory file

	mkdir -p "$root"/{dev,proc,sys,run,tmp,root,etc,usr/bin,usr/sbin,"$PWD"} || return
	chmod 755 "$root" && chmod 1777 "$root/tmp" || return
	for directory in /bin /sbin /lib /lib32 /lib64; do
		if [ -L "$directory" ]; then
			mkdir -p "$root/usr$directory" && ln -s "usr$directory" "$root$directory"
		elif [ -d "$directory" ]; then
			mkdir "$root$directory"
		fi || return
	done
	cp -r "$cache/lib/modules" "$root/lib/" && cp "$work/init" "$work/job" "$root/" || return
	printf '%s:x:%s:/:/bin/sh\n' root 0:0: nobody 65534:65534: >"$root/etc/passwd"
	printf '%s:x:%s:\n' root 0 nogroup 65534 >"$root/etc/group"
	list_files | while IFS= read -r file; do
		# The directory's real name, as /lib may be a link; the file's given one, as others ask for it.
		directory=$root$(realpath "$(dirname "$file")")
		mkdir -p "$directory" && cp -L "$file" "$directory/" || return
	done
}

# Tools, programs under test, their libraries, and the tests, one absolute name a line.
list_files() {
	local tool programs

	programs=$(
		for tool in busybox "${guest_tools[@]}"; do
			command -v "$tool"
		done
		[ ! -d "$build" ] || find "$build" \( -name '*.p' -o -name 'meson-*' \) -prune -o \
			-type f -perm /111 ! -name '*.o' -print
	)
	printf '%s\n' "$programs"
	# ldd fails for scripts and static programs, and says so.
	printf '%s\n' "$programs" | tr '\n' '\0' | xargs -0 ldd 2>/dev/null |
		sed -n 's,^[^/]*\(/.*\) (0x.*,\1,p' | sort -u
	find "$project/test" -type f
}
