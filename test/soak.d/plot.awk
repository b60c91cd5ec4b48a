# SPDX-License-Identifier: BSD-2-Clause
#
# usage: awk -f plot.awk NAME.samples... >FILE.svg
#
# What test/device/soak.c sampled, as a plot of three panels over time: memory, descriptors, latency. Each file
# is one line, told from the others by its dashes, so that it needs no colour.

function out(text) {
	print text
}

function text(x, y, anchor, class, what) {
	out(sprintf("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">%s</text>", x, y, anchor, class, what))
}

function stroke(x1, y1, x2, y2, class) {
	out(sprintf("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>", x1, y1, x2, y2, class))
}

# 1, 2 or 5 times a power of ten, so that it is at most `number` steps to `most`.
function step(most, number, power) {
	power = 1
	while (power * 10 * number <= most)
		power *= 10
	if (power * number >= most) return power
	if (power * 2 * number >= most) return power * 2
	if (power * 5 * number >= most) return power * 5
	return power * 10
}

function log10(value) {
	return log(value < 1 ? 1 : value) / log(10)
}

function at_x(second) {
	return left + second / end * width
}

function at_y(value, panel) {
	return bottom[panel] - (panel == 3 ? log10(value) / log10(top[3]) : value / top[panel]) * height
}

function frame(panel, title, unit, tick, by, i) {
	text(left, bottom[panel] - height - 10, "start", "title", title)
	text(left - 62, bottom[panel] - height / 2, "middle", "turned\" transform=\"rotate(-90 " left - 62 " " \
		bottom[panel] - height / 2 ")", unit)
	if (panel == 3)
		for (tick = 1; tick <= top[3]; tick *= 10)
			level(panel, tick)
	else {
		by = step(top[panel], 4)
		for (tick = 0; tick <= top[panel]; tick += by)
			level(panel, tick)
	}
	for (tick = 0; tick <= end; tick += x_step) {
		stroke(at_x(tick), bottom[panel], at_x(tick), bottom[panel] + 4, "axis")
		text(at_x(tick), bottom[panel] + 17, "middle", "tick", sprintf("%g", tick / x_unit))
	}
	stroke(left, bottom[panel], left + width, bottom[panel], "axis")
	stroke(left, bottom[panel], left, bottom[panel] - height, "axis")
}

function level(panel, tick) {
	stroke(left, at_y(tick, panel), left + width, at_y(tick, panel), "grid")
	text(left - 7, at_y(tick, panel) + 4, "end", "tick", sprintf("%d", tick))
}

function curve(panel, file, column, class, i, points) {
	for (i = 1; i <= samples[file]; i++)
		points = points sprintf("%.1f,%.1f ", at_x(value[file, 2, i]), at_y(value[file, column, i], panel))
	out("<polyline class=\"" class " dash" file "\" points=\"" points "\"/>")
}

# A line and what it stands for, from x on, above the panel.
function key(panel, x, class, what, y) {
	y = bottom[panel] - height - 14
	stroke(x, y, x + 34, y, class)
	text(x + 40, y + 4, "start", "tick", what)
}

# The same for all panels: who; and for latency: what.
function keys(panel, column, i) {
	for (i = 1; i <= files; i++)
		key(panel, left + width - 85 * (files - i + 1), "usual dash" i, name[i])
}

FNR == 1 {
	name[++files] = FILENAME
	sub(/.*\//, "", name[files])
	sub(/\.samples$/, "", name[files])
}
$1 == "sample" {
	n = ++samples[files]
	for (i = 2; i <= 6; i++)
		value[files, i, n] = $i
	if ($2 > end) end = $2
	if ($3 > most[1]) most[1] = $3
	if ($4 > most[2]) most[2] = $4
	if ($6 > most[3]) most[3] = $6
}

END {
	left = 90; width = 680; height = 150
	for (panel = 1; panel <= 3; panel++) {
		bottom[panel] = 205 * panel - 15
		top[panel] = step(most[panel], 4)
		top[panel] *= int(most[panel] / top[panel]) + 1
	}
	for (top[3] = 10; top[3] < most[3]; top[3] *= 10)
		;
	x_unit = end > 7200 ? 3600 : end > 600 ? 60 : 1
	x_name = x_unit == 3600 ? "h" : x_unit == 60 ? "min" : "s"
	x_step = step(end / x_unit, 8) * x_unit
	out("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 650\" width=\"800\" height=\"650\">")
	out("<style>text{font-family:sans-serif;fill:#000}.title{font-size:14px;font-weight:bold}")
	out(".tick,.turned{font-size:12px}line,polyline{fill:none;stroke:#000}.axis{stroke-width:1}")
	out(".grid{stroke:#ccc;stroke-width:.5}.usual{stroke-width:1.6}.slow{stroke:#888;stroke-width:1}")
	out(".dash2{stroke-dasharray:7 3}.dash3{stroke-dasharray:2 2}</style>")
	out("<rect width=\"800\" height=\"650\" fill=\"#fff\"/>")
	frame(1, "Resident memory of perfmond", "KiB")
	frame(2, "Open descriptors of perfmond", "number")
	frame(3, "Latency of PMIOTSTAMP: median (grey: 99th percentile)", "us (logarithmic)")
	text(left + width / 2, bottom[3] + 36, "middle", "tick", "time, " x_name)
	for (file = 1; file <= files; file++) {
		curve(1, file, 3, "usual")
		curve(2, file, 4, "usual")
		curve(3, file, 6, "slow")
	}
	for (file = 1; file <= files; file++)
		curve(3, file, 5, "usual")
	for (panel = 1; panel <= 3; panel++)
		keys(panel)
	out("</svg>")
}
