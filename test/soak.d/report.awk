# SPDX-License-Identifier: BSD-2-Clause
#
# usage: awk -v name=NAME -v report=FILE -f report.awk SAMPLES
#
# Appends to FILE what the samples of test/device/soak.c come to, and prints a line for each thing that is to
# hold: `ok TEXT` or `no TEXT`.

# The lower quartile of from[begin..end], which stay as they are: other processes of the machine come and go
# within these, what perfmond has become does not.
function quartile(from, begin, end, sorted, i, j, value) {
	for (i = begin; i <= end; i++) {
		value = from[i]
		for (j = i - begin; j > 0 && sorted[j - 1] > value; j--)
			sorted[j] = sorted[j - 1]
		sorted[j] = value
	}
	return sorted[int((end - begin) / 4)]
}

function line(what, unit, from, i, least, most) {
	least = most = from[1]
	for (i = 2; i <= samples; i++) {
		if (from[i] < least) least = from[i]
		if (from[i] > most) most = from[i]
	}
	printf "  %-24s %9.1f %9.1f %9.1f %9.1f  %s\n", what, from[1], from[samples], least, most, unit >>report
}

# Of memory over time by least squares, in KiB per hour, from sample `begin` on.
function slope(begin, i, x, y, sx, sy, sxx, sxy, n, below) {
	for (i = begin; i <= samples; i++) {
		x = second[i] - second[begin]
		y = memory[i] - memory[begin]
		sx += x; sy += y; sxx += x * x; sxy += x * y; n++
	}
	below = n * sxx - sx * sx
	return below > 0 ? (n * sxy - sx * sy) / below * 3600 : 0
}

function check(holds, text) {
	print (holds ? "ok" : "no"), name ": " text
}

$1 == "before" { memory_before = $3; open_before = $4 }
$1 == "after" { memory_after = $3; open_after = $4; ended = 1 }
$1 == "sample" {
	samples++
	second[samples] = $2; memory[samples] = $3; open[samples] = $4
	usual[samples] = $5; slow[samples] = $6; pipe[samples] = $7
	all += $8
}
$1 == "killed" { killed = $2 }
$1 == "passed" { passed = $2 }
$1 == "wrong" { wrong = $2; what = wrong ? substr($0, length($1 $2) + 2) : "" }

END {
	if (!ended || samples < 5) {
		check(0, "was watched to the end")
		exit
	}
	# The first minute fills what perfmond keeps: of short runs the first fifth.
	settled = 1
	while (second[settled] < 60 && second[settled] < second[samples] / 5)
		settled++
	fifth = int(samples / 5)
	first = quartile(usual, 1, fifth)
	last = quartile(usual, samples - fifth + 1, samples)
	pipe_first = quartile(pipe, 1, fifth)
	pipe_last = quartile(pipe, samples - fifth + 1, samples)
	growth = slope(settled)

	printf "%s: %d s, %d requests, %d clients killed, %d values read past perfmond, %d unexpected answers\n",
		name, second[samples], all, killed, passed, wrong >>report
	printf "  %-24s %9s %9s %9s %9s\n", "", "first", "last", "least", "most" >>report
	line("resident memory", "KiB", memory)
	line("open descriptors", "", open)
	line("latency, median", "us", usual)
	line("latency, 99th percentile", "us", slow)
	line("a pipe's, median", "us", pipe)
	printf "  resident memory changes by %.1f KiB an hour from second %d on (least squares)\n", growth,
		second[settled] >>report
	printf "  lower quartiles of the medians: latency %.1f us in the first fifth, %.1f us in the last;", first,
		last >>report
	printf " a pipe's %.1f us and %.1f us\n\n", pipe_first, pipe_last >>report

	check(all > 0, sprintf("%d requests in %d s, %d clients killed in the midst", all, second[samples], killed))
	check(wrong == 0, sprintf("%d unexpected answers%s", wrong, what))
	check(open_after == open_before, sprintf("%d open descriptors before, %d after", open_before, open_after))
	check(memory_after <= memory[settled] * 1.1 && memory[samples] <= memory[settled] * 1.1,
		sprintf("resident memory %d KiB after %d s, %d KiB at the end, %.1f KiB an hour", memory[settled],
		second[settled], memory[samples], growth))
	# Where a pipe slowed down as much, it was the machine.
	check(last <= first * 1.5 || last / pipe_last <= first / pipe_first * 1.5,
		sprintf("latency %.1f us in the first fifth, %.1f us in the last, a pipe's %.1f us and %.1f us", first,
		last, pipe_first, pipe_last))
}
