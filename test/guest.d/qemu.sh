# shellcheck shell=bash disable=SC2154,SC2034 # variables of test/guest
# SPDX-License-Identifier: BSD-2-Clause
#
# Debian kernels under QEMU, for test/guest. One row of select_machine is one processor; the rest is
# the same for all. The channels are virtio serial ports: every processor's machine has them, and the
# kernel writes to none.

# shellcheck source=cross.sh
. "$project/test/guest.d/cross.sh"

# $machine -> package of the newest kernel, architecture of its packages, emulator, its package,
# its machine, console, modules beside those of every guest, triplet of the cross
# compiler (none: this machine's own programs run there), meson's name of the processor
# -icount shift=0: an instruction takes a nanosecond, and the emulated counters are exact.
# sleep=off: who sleeps is woken at once, and need not wait until the host has slept as long.
# slow_tick: the POWER9's counters take in the kernel with the user, so timer ticks would be counted.
select_machine() {
	machine_modules=() triplet=
	case $machine in
	x86)
		kernel_package=linux-image-amd64 architecture=amd64
		qemu=qemu-system-x86_64 qemu_package=qemu-system-x86
		qemu_machine=(-M pc -cpu max) console=ttyS0 machine_modules=(msr)
		;;
	arm64)
		kernel_package=linux-image-arm64 architecture=arm64
		qemu=qemu-system-aarch64 qemu_package=qemu-system-arm
		qemu_machine=(-M virt -cpu max -icount "shift=0,sleep=off") console=ttyAMA0
		triplet=aarch64-linux-gnu cpu_family=aarch64
		;;
	ppc64)
		kernel_package=linux-image-powerpc64le architecture=ppc64el
		qemu=qemu-system-ppc64 qemu_package=qemu-system-ppc
		qemu_machine=(-M "pseries,cap-htm=off" -cpu POWER9 -icount "shift=0,sleep=off") console=hvc0
		slow_tick
		triplet=powerpc64le-linux-gnu cpu_family=ppc64
		;;
	esac
}

# Tells the kernel 8 times the time base's true frequency of 512 MHz, in the property that it prefers and
# QEMU leaves alone, by a script of the firmware's: its tick of 4 ms then lasts for 32 ms of instructions.
slow_tick() {
	local node='" /cpus/PowerPC,POWER9@0" find-device'

	qemu_machine+=(-prom-env "use-nvramrc?=true" -prom-env
		"nvramrc=$node F4240000 encode-64 s\" ibm,extended-timebase-frequency\" property device-end")
}

default_perfmond_args=()
guest_modules=(fuse cuse virtio_pci virtio_console)
# Those that there are, here or in the packages of cross.sh; for every other command the guest has busybox.
guest_tools=(bash sh strace setpriv prlimit fusermount3)

needs() {
	select_machine
	need "$qemu" "$qemu_package"
	need cpio cpio
	need depmod kmod
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/perfmond-test/$machine
	if [ -n "$triplet" ]; then
		cross_needs
	else
		need busybox busybox-static
		need strace strace
	fi
}

prepare() {
	if [ -n "$triplet" ]; then
		cross_prepare
	else
		[ -e "$cache/kernel" ] || fetch_kernel
	fi || return
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
	mkdir -p "$(dirname "$cache")" && download "$unpacked" "$package" || return
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

# download DIRECTORY PACKAGE...: unpacks the packages there, of the guest's architecture.
download() {
	local directory=$1 file
	local -a packages=("${@:2}")

	packages=("${packages[@]/%/:$architecture}")
	mkdir -p "$directory" || return
	# As itself: the user _apt could not write there.
	(cd "$directory" && apt-get -qq -o APT::Sandbox::User=root download "${packages[@]}") >&2 ||
		fail "cannot download ${packages[*]}: apt-get update"
	for file in "$directory"/*.deb; do
		dpkg -x "$file" "$directory" && rm "$file" || return
	done
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
	if [ -n "$triplet" ]; then
		copy_tree "$cache/tools" "$root" || return
	fi
	list_files | while IFS= read -r file; do
		# The directory's real name, as /lib may be a link; the file's given one, as others ask for it.
		directory=$root$(realpath "$(dirname "$file")")
		mkdir -p "$directory" && cp -L "$file" "$directory/" || return
	done
}

# copy_tree FROM TO: its directories may be links in TO.
copy_tree() {
	local directory file

	(cd "$1" && find . ! -type d -print) | while IFS= read -r file; do
		directory=$2/$(dirname "$file")
		mkdir -p "$directory" && cp -P "$1/$file" "$directory/" || return
	done
}

# Tools where they are this machine's, programs under test, their libraries, the tests and the manual that they
# read, one absolute name a line. A directory guest-* has the programs of another guest.
list_files() {
	local tool programs

	programs=$(
		[ -n "$triplet" ] || for tool in busybox "${guest_tools[@]}"; do
			command -v "$tool"
		done
		[ ! -d "$build" ] || find "$build" -mindepth 1 \
			\( -name '*.p' -o -name 'meson-*' -o -name 'guest-*' \) -prune -o \
			-type f -perm /111 ! -name '*.o' -print
	)
	printf '%s\n' "$programs"
	# ldd fails for scripts and static programs, and says so.
	printf '%s\n' "$programs" | tr '\n' '\0' | xargs -0 ldd 2>/dev/null |
		sed -n 's,^[^/]*\(/.*\) (0x.*,\1,p' | sort -u
	find "$project/test" "$project/daemon/perfmond.8" "$project/README" -type f
}
